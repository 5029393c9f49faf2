"""The training objectives, and which fields of a TrialConfig each one uses. docs/objectives.md has the reasons."""

from enum import StrEnum


class Objective(StrEnum):
    """What the encoder is trained to do. Sources: arXiv:2004.11362, Secs. 3 and 4, and docs/objectives.md."""

    SUPCON = "supcon"
    SUPCON_IN = "supcon_in"
    SIMCLR = "simclr"
    CROSS_ENTROPY = "cross_entropy"
    TRIPLET = "triplet"
    N_PAIRS = "n_pairs"
    MAX_MARGIN = "max_margin"
    SOFT_NEAREST_NEIGHBOUR = "soft_nearest_neighbour"


SUPCON_FAMILY = frozenset({Objective.SUPCON, Objective.SUPCON_IN})
CONTRASTIVE = SUPCON_FAMILY | {Objective.SIMCLR}
CLASSIFIERS = frozenset({Objective.CROSS_ENTROPY, Objective.MAX_MARGIN})
"""Trained with a linear head of their own on one view of each image, and judged by it."""
EMBEDDING = frozenset(Objective) - CLASSIFIERS
"""Trained on embeddings of two views of each image, so a linear probe follows."""

_USED_ONLY_BY: dict[str, frozenset[Objective]] = {
    "temperature": CONTRASTIVE | {Objective.SOFT_NEAREST_NEIGHBOUR},
    "scale_by_temperature": CONTRASTIVE,
    "base_temperature": CONTRASTIVE,
    "loss_summation": frozenset({Objective.SUPCON}),
    "positives_cap": SUPCON_FAMILY,
    "queue_size": CONTRASTIVE,
    "key_momentum": CONTRASTIVE,
    "triplet_margin": frozenset({Objective.TRIPLET}),
    "large_margin": frozenset({Objective.MAX_MARGIN}),
    "projection": EMBEDDING,
    "projection_dim": EMBEDDING,
    "embedding_normalised": EMBEDDING,
    "label_smoothing": frozenset({Objective.CROSS_ENTROPY}),
    "mixup_alpha": frozenset({Objective.CROSS_ENTROPY}),
    "cutmix_alpha": frozenset({Objective.CROSS_ENTROPY}),
}
"""Fields that some objectives do not read, but for those of the probe: EMBEDDING reads these."""


def uses_field(objective: Objective, field: str) -> bool:
    """Whether a trial of this objective reads the named field of its TrialConfig."""
    everyone = EMBEDDING if field.startswith("probe_") else frozenset(Objective)
    return objective in _USED_ONLY_BY.get(field, everyone)


def views_per_image(objective: Objective) -> int:
    """How many augmented views of each image a training step passes through the encoder."""
    return 1 if objective in CLASSIFIERS else 2
