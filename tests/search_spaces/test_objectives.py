"""Which objective reads which field, written out: nothing that a trial ignores may be swept."""

import pytest

from search_spaces.objectives import CLASSIFIERS, EMBEDDING, Objective, uses_field, views_per_image
from search_spaces.trial_config import TrialConfig

SUPCON = {"temperature", "scale_by_temperature", "base_temperature", "positives_cap", "queue_size", "key_momentum"}
HEAD = {"projection", "projection_dim", "embedding_normalised"}
PROBE = {
    "probe_weight_decay",
    "probe_max_iterations",
    "probe_optimizer",
    "probe_learning_rate",
    "probe_epochs",
    "probe_batch_size",
    "probe_label_smoothing",
}
OWN_FIELDS = {
    "supcon": SUPCON | {"loss_summation"} | HEAD | PROBE,
    "supcon_in": SUPCON | HEAD | PROBE,
    "simclr": SUPCON - {"positives_cap"} | HEAD | PROBE,
    "triplet": {"triplet_margin"} | HEAD | PROBE,
    "n_pairs": HEAD | PROBE,
    "soft_nearest_neighbour": {"temperature"} | HEAD | PROBE,
    "cross_entropy": {"label_smoothing", "mixup_alpha", "cutmix_alpha"},
    "max_margin": {"large_margin"},
}
COMMON = {
    "objective",
    "seed",
    "encoder",
    "batch_size",
    "epochs",
    "device_seconds",
    "warmup_epochs",
    "optimizer",
    "learning_rate",
    "learning_rate_multiplier",
    "schedule",
    "momentum",
    "weight_decay",
    "gradient_clip",
    "augmentation",
    "augmentation_magnitude",
    "label_noise",
    "precision",
    "compile",
}


@pytest.mark.parametrize("objective", Objective)
def test_an_objective_reads_its_own_fields_and_the_common_ones(objective: Objective) -> None:
    used = {field for field in TrialConfig.model_fields if uses_field(objective, field)}
    assert used == OWN_FIELDS[objective] | COMMON


def test_every_field_is_read_by_some_objective() -> None:
    for field in TrialConfig.model_fields:
        assert any(uses_field(objective, field) for objective in Objective), field


def test_classifiers_see_one_view_and_embeddings_two() -> None:
    assert {objective for objective in Objective if views_per_image(objective) == 1} == CLASSIFIERS
    assert {objective for objective in Objective if views_per_image(objective) == 2} == EMBEDDING
    assert {"cross_entropy", "max_margin"} == CLASSIFIERS
