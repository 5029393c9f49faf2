"""Probes as objectives call them."""

import torch
from torch import Tensor

from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.draws import Draws
from trainers.evaluation.probes import LbfgsProbe, Probe, SgdProbe


def as_they_are(images_BCHW: Tensor, draws: Draws) -> Tensor:
    return images_BCHW


def separable_images() -> InMemoryImages:
    labels = torch.arange(30) % 3
    images = 0.3 * torch.rand(30, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    images.view(30, 4)[torch.arange(30), labels] += 0.6
    return InMemoryImages(images, labels)


def sgd_probe() -> SgdProbe:
    return SgdProbe(
        classes=3,
        optimizer="sgd",
        learning_rate=2.0,
        weight_decay=0.0,
        label_smoothing=0.0,
        epochs=20,
        batch_size=8,
        augmentation=as_they_are,
        seed=0,
    )


def test_both_probes_classify_what_features_separate() -> None:
    train = separable_images()
    probes: list[Probe] = [LbfgsProbe(classes=3, weight_decay=1e-3, max_iterations=100), sgd_probe()]
    for probe in probes:
        logits_NK = probe(lambda images: images.flatten(1), train, ALONE)(train.images)
        assert torch.equal(logits_NK.argmax(dim=1), train.labels)


def test_the_length_of_features_does_not_matter_to_the_linear_stage() -> None:
    train = separable_images()
    one, other = (
        sgd_probe()(lambda images, length=length: length * images.flatten(1), train, ALONE)(train.images)
        for length in (1.0, 100.0)
    )
    torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
