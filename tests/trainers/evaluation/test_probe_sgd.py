"""The paper's linear stage against a slow loop in numpy."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE, World
from trainers.draws import Draws
from trainers.evaluation.probe import LinearProbe
from trainers.evaluation.probe_sgd import ProbeOptimizer, fit_probe_sgd, learning_rate_factor

CLASSES, SMOOTHING, DECAY, RATE = 3, 0.1, 0.01, 0.2


@pytest.fixture(name="train")
def twenty_images() -> InMemoryImages:
    labels = torch.arange(20) % CLASSES
    images = 0.2 * torch.rand(20, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    images.view(20, 4)[torch.arange(20), labels] += 0.5
    return InMemoryImages(images, labels)


def pixels(images_BCHW: Tensor) -> Tensor:
    return images_BCHW.flatten(1)


def as_they_are(images_BCHW: Tensor, draws: Draws) -> Tensor:
    return images_BCHW


def brightened(images_BCHW: Tensor, draws: Draws) -> Tensor:
    return images_BCHW + draws.uniform(0, 0.3, len(images_BCHW))[:, None, None, None]


def fit(train: InMemoryImages, **changed: Any) -> LinearProbe:
    arguments: dict[str, Any] = {
        "classes": CLASSES,
        "optimizer": "sgd",
        "learning_rate": RATE,
        "weight_decay": DECAY,
        "label_smoothing": SMOOTHING,
        "epochs": 5,
        "batch_size": 8,
        "augmentation": as_they_are,
        "seed": 7,
        "world": ALONE,
    }
    return fit_probe_sgd(pixels, train, **(arguments | changed))


def gradient(theta: NDArray[np.float64], pixels_B5: NDArray[np.float64], labels_B: NDArray[np.int64]) -> Any:
    total = np.zeros_like(theta)
    for pixels_5, label in zip(pixels_B5, labels_B, strict=True):
        shares = np.exp(theta @ pixels_5) / np.exp(theta @ pixels_5).sum()
        targets = (1 - SMOOTHING) * np.eye(CLASSES)[label] + SMOOTHING / CLASSES
        total += np.outer(shares - targets, pixels_5) / len(labels_B)
    return total + DECAY * theta


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_steps_equal_those_of_a_loop(train: InMemoryImages, optimizer: ProbeOptimizer) -> None:
    order = torch.Generator().manual_seed(7)
    theta, velocity, squares = np.zeros((CLASSES, 5)), np.zeros((CLASSES, 5)), np.zeros((CLASSES, 5))
    given = np.column_stack([train.images.flatten(1).double().numpy(), np.ones(20)])
    for epoch in range(5):
        places = torch.randperm(20, generator=order).numpy()
        for batch, chosen in enumerate((places[:8], places[8:16], places[16:])):
            slope = gradient(theta, given[chosen], train.labels.numpy()[chosen])
            if optimizer == "rmsprop":
                rate = RATE * 0.97 ** int(2 * (epoch + batch / 3))
                squares = 0.9 * squares + 0.1 * slope**2
                velocity = 0.9 * velocity + slope / (np.sqrt(squares) + 1)
            else:
                rate = RATE * 0.2 ** ((epoch >= 3) + (3 * epoch + batch >= 11.25) + (3 * epoch + batch >= 13.5))
                velocity = 0.9 * velocity + slope
            theta = theta - rate * velocity
    probe = fit(train, optimizer=optimizer)
    np.testing.assert_allclose(probe.weights, theta[:, :4], atol=1e-5)
    np.testing.assert_allclose(probe.biases, theta[:, 4], atol=1e-5)
    expected = given @ theta.T
    np.testing.assert_allclose(probe.logits(pixels(train.images)), expected, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_separable_features_are_learned(train: InMemoryImages, optimizer: ProbeOptimizer) -> None:
    probe = fit(train, optimizer=optimizer, weight_decay=0.0, learning_rate=1.0, epochs=60, augmentation=brightened)
    assert torch.equal(probe.logits(pixels(train.images)).argmax(dim=1), train.labels)


def test_a_seed_gives_the_same_bits_and_another_seed_others(train: InMemoryImages) -> None:
    torch.manual_seed(1)
    one = fit(train, augmentation=brightened)
    torch.manual_seed(2)
    assert torch.equal(fit(train, augmentation=brightened).weights, one.weights)
    assert not torch.equal(fit(train, augmentation=brightened, seed=8).weights, one.weights)


def test_views_are_drawn_anew_each_epoch(train: InMemoryImages) -> None:
    seen: list[Tensor] = []

    def watched(images_BCHW: Tensor, draws: Draws) -> Tensor:
        seen.append(brightened(images_BCHW, draws) - images_BCHW)
        return images_BCHW

    fit(train, augmentation=watched, batch_size=20, epochs=3)
    assert not torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[1], seen[2])


class Second(World):
    """The second of two workers. What the first has comes from `first`, in turn."""

    first: list[Tensor]

    def gather(self, rows_RD: Tensor) -> Tensor:
        return torch.cat([self.first.pop(0), rows_RD])


class First(World):
    """The first of two workers, who notes what it would send."""

    sent: list[Tensor]

    def gather(self, rows_RD: Tensor) -> Tensor:
        self.sent.append(rows_RD.detach())
        return rows_RD


def test_workers_share_a_batch_and_get_the_probe_of_one(train: InMemoryImages) -> None:
    first, second = First(0, 2), Second(1, 2)
    object.__setattr__(first, "sent", [])
    fit(train, augmentation=brightened, world=first)
    object.__setattr__(second, "first", first.sent)
    shared = fit(train, augmentation=brightened, world=second)
    torch.testing.assert_close(shared.weights, fit(train, augmentation=brightened).weights)


def test_the_courses_of_the_learning_rate_are_the_released_ones() -> None:
    assert [learning_rate_factor("sgd", epoch, 100) for epoch in (0, 59.9, 60, 75, 90, 99)] == pytest.approx(
        [1, 1, 0.2, 0.04, 0.008, 0.008]
    )
    assert [learning_rate_factor("rmsprop", epoch, 90) for epoch in (0, 0.4, 0.5, 1.0, 89.9)] == pytest.approx(
        [1, 1, 0.97, 0.97**2, 0.97**179]
    )
