"""The second stage of the objectives that train on embeddings."""

from search_spaces.learning_rates import first_probe_learning_rate
from search_spaces.sweep_spec import Probe as ProbeSpec
from search_spaces.trial_config import TrialConfig
from trainers.augmentations.augmentation import Augmentation
from trainers.build.seeds import seed_of
from trainers.evaluation.probes import LbfgsProbe, Probe, SgdProbe


def make_probe(config: TrialConfig, probe: ProbeSpec, classes: int, augmentation: Augmentation) -> Probe:
    """The probe of the kind that the spec names, with the configuration's settings."""
    if probe.kind == "lbfgs":
        return LbfgsProbe(classes, config.probe_weight_decay, config.probe_max_iterations)
    return SgdProbe(
        classes,
        config.probe_optimizer,
        first_probe_learning_rate(config),
        config.probe_weight_decay,
        config.probe_label_smoothing,
        config.probe_epochs,
        config.probe_batch_size,
        augmentation,
        seed=seed_of(config.seed, "probe"),
    )
