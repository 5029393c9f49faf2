"""The training objectives, and which fields of a TrialConfig each one uses."""

from enum import StrEnum


class Objective(StrEnum):
    """What the encoder is trained to do. Sources: arXiv:2004.11362, Secs. 3 and 4."""

    SUPCON = "supcon"
    SUPCON_IN = "supcon_in"
    SIMCLR = "simclr"
    CROSS_ENTROPY = "cross_entropy"
    TRIPLET = "triplet"
    N_PAIRS = "n_pairs"
    MAX_MARGIN = "max_margin"


SUPCON_FAMILY = frozenset({Objective.SUPCON, Objective.SUPCON_IN})
CONTRASTIVE = SUPCON_FAMILY | {Objective.SIMCLR}
EMBEDDING = frozenset(Objective) - {Objective.CROSS_ENTROPY}
"""Trained on embeddings, so a linear probe follows."""

_USED_ONLY_BY: dict[str, frozenset[Objective]] = {
    "temperature": CONTRASTIVE,
    "base_temperature": CONTRASTIVE,
    "loss_summation": frozenset({Objective.SUPCON}),
    "positives_cap": SUPCON_FAMILY,
    "queue_size": CONTRASTIVE,
    "key_momentum": CONTRASTIVE,
    "projection": EMBEDDING,
    "projection_dim": EMBEDDING,
    "embedding_normalised": EMBEDDING,
    "label_smoothing": frozenset({Objective.CROSS_ENTROPY}),
    "mixup_alpha": frozenset({Objective.CROSS_ENTROPY}),
    "cutmix_alpha": frozenset({Objective.CROSS_ENTROPY}),
    "probe_weight_decay": EMBEDDING,
    "probe_max_iterations": EMBEDDING,
}


def uses_field(objective: Objective, field: str) -> bool:
    """Whether a trial of this objective reads the named field of its TrialConfig."""
    return objective in _USED_ONLY_BY.get(field, frozenset(Objective))


def views_per_image(objective: Objective) -> int:
    """How many augmented views of each image a training step passes through the encoder."""
    return 1 if objective is Objective.CROSS_ENTROPY else 2
