"""The paper's own stability experiment on ImageNet. Set `dataset.root` to your own folder."""

from search_spaces.sweep_spec import SweepSpec

BASE = {"encoder": "resnet50", "batch_size": 6144, "augmentation": "autoaugment", "precision": "bf16"}
"""What the released ResNet-50 runs of both arms have in common; the precision is ours."""
PROBE = {
    "probe_optimizer": "rmsprop",
    "probe_learning_rate": 1.2,  # 0.05 per 256 images
    "probe_epochs": 90,
    "probe_batch_size": 6144,
    "probe_weight_decay": 1e-6,
    "probe_label_smoothing": 0.05,
}
"""The released second stage on ImageNet."""


def paper_stability() -> SweepSpec:
    """Fig. 4a of the SupCon paper: ImageNet, ResNet-50, one factor at a time around the released runs; many GPUs."""
    supcon = {"optimizer": "lars", "epochs": 350, "warmup_epochs": 12, "weight_decay": 1e-3, "projection": "linear"}
    # The warm-up of cross-entropy is that of arXiv:1706.02677; no released run says its own.
    cross_entropy = {"optimizer": "nesterov", "epochs": 200, "warmup_epochs": 5, "label_smoothing": 0.05}
    return SweepSpec.model_validate(
        {
            "name": "paper-stability",
            "dataset": {"name": "imagenet", "root": "/data/imagenet"},
            "arms": [
                {"name": "supcon", "objective": "supcon", "base": {**BASE, **PROBE, **supcon}},
                {"name": "cross_entropy", "objective": "cross_entropy", "base": {**BASE, **cross_entropy}},
            ],
            "shared": {
                "augmentation": {
                    "kind": "choice",
                    "values": ["randaugment", "autoaugment", "simaugment", "stacked_randaugment"],
                },
                "optimizer": {"kind": "choice", "values": ["lars", "sgd", "rmsprop"]},
                # The paper does not say which learning rates: these are two octaves around each arm's own.
                "learning_rate_multiplier": {"kind": "choice", "values": [0.25, 0.5, 1.0, 2.0, 4.0]},
            },
            # As in the paper, each arm trains for the epochs of its own released run.
            "design": {"kind": "one_at_a_time", "match": "epochs"},
            "evaluation": {"probe": {"kind": "sgd"}},
            "resources": {"workers": 32, "cpus_per_worker": 8, "gpus_per_worker": 1},
            "budget": {"wall_clock": "90d", "trial_timeout": "14d"},
        }
    )
