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

    # --- the loss on embeddings
    temperature: float = Field(
        default=0.1,
        gt=0,
        le=10,
        description="τ that divides the similarities; no unit (paper, Eq. 2; 0.1 is its best). For "
        "soft_nearest_neighbour it divides squared distances (arXiv:1902.01889).",
    )
    scale_by_temperature: bool = Field(
        default=True,
        description="Multiply the loss by τ, so that the gradient does not grow with 1/τ (paper, Sec. 3.2).",
    )
    base_temperature: float | None = Field(
        default=None,
        gt=0,
        description="Scales the loss by τ / this; none scales it by τ, as the paper does (Sec. 3.2). Only beside "
        "scale_by_temperature.",
    )
    loss_summation: Literal["out", "in"] = Field(
        default="out", description="Where positives are summed: outside (Eq. 2) or inside (Eq. 3) the logarithm."
    )
    positives_cap: int | None = Field(
        default=None, ge=1, description="Most positives used per anchor; none uses all (paper, Table 6)."
    )
    queue_size: int = Field(
        default=0, ge=0, le=2**20, description="Embeddings kept in a memory bank; 0 is none (reference: 8192)."
    )
    key_momentum: float = Field(
        default=0.999, ge=0, lt=1, description="Momentum of the key encoder of the memory bank."
    )
    triplet_margin: float = Field(
        default=0.2,
        gt=0,
        le=4,
        description="By how much a negative must be farther than the positive, in squared distance: at most 4 on the "
        "unit sphere (FaceNet, arXiv:1503.03832: 0.2).",
    )
    large_margin: int = Field(
        default=4,
        ge=1,
        le=4,
        description="m of the large-margin softmax: the angle to the right class counts m times; 1 is cross-entropy "
        "(arXiv:1612.02295, whose best is 4).",
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
    device_seconds: float | None = Field(
        default=None,
        gt=0,
        description="Device-seconds of training, seconds × devices, after which it ends whatever the epochs: these "
        "then only say what share of the training warmup_epochs are (arXiv:1905.04753). Set by design.device_seconds.",
    )
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
    mixup_alpha: float = Field(
        default=0.0, ge=0, le=100, description="Beta parameter of mixup; 0 is off (arXiv:1710.09412)."
    )
    cutmix_alpha: float = Field(
        default=0.0, ge=0, le=100, description="Beta parameter of CutMix; 0 is off (arXiv:1905.04899)."
    )
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
        description="L2 penalty of the probe: half of it times the squared weights joins the mean loss (released sgd "
        "stages: 0 on CIFAR, 1e-6 on ImageNet).",
    )
    probe_max_iterations: int = Field(
        default=100, ge=1, le=10_000, description="Most L-BFGS iterations of the lbfgs probe."
    )
    probe_optimizer: Literal["rmsprop", "sgd"] = Field(
        default="sgd",
        description="Optimizer of the sgd probe: sgd with momentum on CIFAR, rmsprop on ImageNet (paper).",
    )
    probe_learning_rate: float | None = Field(
        default=None,
        gt=0,
        description="First learning rate of the sgd probe at its batch size; none takes the documented reference for "
        "probe_optimizer and scales it by probe_batch_size / 256.",
    )
    probe_epochs: int = Field(
        default=100, ge=1, le=10_000, description="Passes of the sgd probe over the training images (paper: 100; 90)."
    )
    probe_batch_size: int = Field(
        default=256, ge=2, le=65_536, description="Images per step of the sgd probe (PyTorch reference: 512)."
    )
    probe_label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Label smoothing of the sgd probe (released ImageNet runs: 0.05)."
    )
