"""TrialConfig: every knob of one trial, flat, typed and frozen, with unit, range and source.

"paper" is arXiv:2004.11362 v5; "reference" is the authors' released code.
"""

from typing import Literal

from pydantic import Field

from search_spaces.objectives import Objective
from search_spaces.vocabulary import Vocabulary

Optimizer = Literal["sgd", "nesterov", "lars", "rmsprop", "adamw"]
Augmentation = Literal["none", "basic", "autoaugment", "randaugment", "simaugment", "stacked_randaugment"]
Encoder = Literal["tiny_resnet", "resnet18", "resnet34", "resnet50", "resnet101", "resnet200"]


class TrialConfig(Vocabulary):
    """One point of the search space of one arm, with the seed that replicates it."""

    objective: Objective = Field(description="Training objective (paper, Secs. 3 and 4).")
    seed: int = Field(default=0, ge=0, lt=2**31, description="Seed of weights, order and augmentation.")

    # --- the contrastive loss
    temperature: float = Field(
        default=0.1,
        gt=0,
        le=10,
        description="τ that divides the similarities; no unit (paper, Eq. 2; 0.1 is its best).",
    )
    base_temperature: float | None = Field(
        default=None,
        gt=0,
        description="Scales the loss by τ / this; none scales it by τ, as the paper does (Sec. 3.2).",
    )
    loss_summation: Literal["out", "in"] = Field(
        default="out", description="Where positives are summed: outside (Eq. 2) or inside (Eq. 3) the logarithm."
    )
    positives_cap: int | None = Field(
        default=None, ge=1, description="Most positives used per anchor; none uses all (paper, Table 6)."
    )
    queue_size: int = Field(
        default=0, ge=0, description="Embeddings kept in a memory bank; 0 is none (reference: 8192)."
    )
    key_momentum: float = Field(
        default=0.999, ge=0, lt=1, description="Momentum of the key encoder of the memory bank."
    )

    # --- the model
    encoder: Encoder = Field(default="tiny_resnet", description="Backbone; the stem is chosen from the image size.")
    projection: Literal["none", "linear", "mlp"] = Field(
        default="mlp", description="Head between encoder and loss, dropped for the probe (paper, Sec. 3.1)."
    )
    projection_dim: int = Field(default=128, ge=2, le=8192, description="Width of the embedding (paper: 128).")
    embedding_normalised: bool = Field(
        default=True, description="Project embeddings onto the unit sphere (paper, Sec. 3.1)."
    )

    # --- the optimisation
    batch_size: int = Field(
        default=256, ge=2, le=65_536, description="Images per step over all workers, views not counted."
    )
    epochs: int = Field(default=15, ge=1, le=10_000, description="Passes over the training images.")
    warmup_epochs: float = Field(default=1.0, ge=0, description="Linear rise of the learning rate from 0, in epochs.")
    optimizer: Optimizer = Field(default="sgd", description="Optimizer of the training stage (paper, Table 4).")
    learning_rate: float | None = Field(
        default=None,
        gt=0,
        description="Peak learning rate at this batch size; none takes the documented reference for objective × "
        "optimizer and scales it by batch_size / 256.",
    )
    learning_rate_multiplier: float = Field(
        default=1.0, gt=0, le=1000, description="Factor on the learning rate; 1 is the centre of the arm."
    )
    schedule: Literal["cosine", "step", "constant"] = Field(default="cosine", description="Decay after the warm-up.")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Momentum; for adamw its first beta.")
    weight_decay: float = Field(
        default=1e-4, ge=0, le=1, description="Decay of the weights, not of biases and normalisation (paper: 1e-4)."
    )
    gradient_clip: float | None = Field(
        default=None, gt=0, description="Largest norm of the gradient; none clips nothing."
    )

    # --- what the model sees
    augmentation: Augmentation = Field(default="randaugment", description="Augmentation policy (paper, Sec. 4.3).")
    augmentation_magnitude: int = Field(
        default=9,
        ge=0,
        le=30,
        description="Strength of the policy on RandAugment's scale of 0 to 30 (arXiv:1909.13719).",
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Mass spread over all classes (arXiv:1512.00567)."
    )
    mixup_alpha: float = Field(default=0.0, ge=0, description="Beta parameter of mixup; 0 is off (arXiv:1710.09412).")
    cutmix_alpha: float = Field(default=0.0, ge=0, description="Beta parameter of CutMix; 0 is off (arXiv:1905.04899).")
    label_noise: float = Field(default=0.0, ge=0, lt=1, description="Share of training labels replaced at random.")

    # --- how it is computed
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        default="fp32", description="Arithmetic of forward and backward."
    )
    compile: bool = Field(default=False, description="Compile the model with torch.compile.")

    # --- stage 2, the linear probe on frozen features
    probe_weight_decay: float = Field(
        default=1e-3,
        ge=0,
        description="L2 penalty of the probe: half of it times the squared weights joins the mean loss.",
    )
    probe_max_iterations: int = Field(default=100, ge=1, le=10_000, description="Most L-BFGS iterations of the probe.")
