"""Paired sweeps on Fashion-MNIST and CIFAR with ResNet-18, one GPU per trial. Set `dataset.root` to your own folder."""

from search_spaces.presets.digits import digits_demo
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec

BASE = {"encoder": "resnet18", "epochs": 100, "warmup_epochs": 10, "precision": "bf16"}
"""A tenth of the paper's epochs on CIFAR with its warm-up: matched by image passes, cross-entropy trains for 200."""


def cifar10_paired() -> SweepSpec:
    """SupCon against cross-entropy on CIFAR-10, ResNet-18, 16 paired configurations each; one GPU per trial."""
    demo = digits_demo()
    arms = [arm.model_copy(update={"base": BASE}).model_dump(mode="json") for arm in demo.arms]
    return vary(
        demo,
        name="cifar10-paired",
        dataset={"name": "cifar10", "root": "/data/cifar10"},
        arms=arms,
        shared={"batch_size": {"kind": "choice", "values": [256, 512, 1024]}},
        resources={"cpus_per_worker": 4, "gpus_per_worker": 1},
        budget={"wall_clock": "7d", "trial_timeout": "12h"},
    )


def cifar100_paired() -> SweepSpec:
    """The CIFAR-10 sweep on CIFAR-100."""
    return vary(cifar10_paired(), name="cifar100-paired", dataset={"name": "cifar100", "root": "/data/cifar100"})


def fashion_mnist_paired() -> SweepSpec:
    """The CIFAR-10 sweep on Fashion-MNIST, cut to 30 epochs."""
    cifar = cifar10_paired()
    base = {**BASE, "epochs": 30, "warmup_epochs": 3}
    arms = [arm.model_copy(update={"base": base}).model_dump(mode="json") for arm in cifar.arms]
    dataset = {"name": "fashion_mnist", "root": "/data/fashion_mnist"}
    return vary(cifar, name="fashion-mnist-paired", dataset=dataset, arms=arms)
