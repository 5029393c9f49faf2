"""The loop on nine images."""

import io
from collections.abc import Callable

import pytest
import torch

from trainers.clock import Clock, TimedOut
from trainers.datasets.labelled import InMemoryImages
from trainers.draws import Draws
from trainers.health import Diverged
from trainers.loop import Training, steps_per_epoch, train_epoch

MakeTraining = Callable[..., Training]


def no_limit() -> Clock:
    return Clock(1, None)


@pytest.mark.parametrize(
    ("images", "batch_size", "steps"), [(8, 4, 2), (9, 4, 2), (10, 4, 3), (4, 4, 1), (1222, 256, 5)]
)
def test_a_remainder_is_a_step_unless_it_is_a_single_image(images: int, batch_size: int, steps: int) -> None:
    assert steps_per_epoch(images, batch_size) == steps


def test_an_epoch_takes_the_steps_that_were_planned_for_it(
    make_training: MakeTraining, nine_images: InMemoryImages
) -> None:
    for batch_size in (2, 3, 4, 5, 9):
        training = make_training(batch_size=batch_size)
        train_epoch(training, nine_images, no_limit())
        assert training.scheduler.last_epoch == steps_per_epoch(9, batch_size)


def test_image_passes_count_every_view(make_training: MakeTraining, nine_images: InMemoryImages) -> None:
    training = make_training(batch_size=4)
    train_epoch(training, nine_images, no_limit())
    assert training.image_passes == 2 * 8  # the ninth image is a remainder of one
    train_epoch(training, nine_images, no_limit())
    assert (training.image_passes, training.epochs_done) == (2 * 16, 2)


def test_an_epoch_tells_how_much_of_the_processor_it_used(
    make_training: MakeTraining, nine_images: InMemoryImages
) -> None:
    assert 0 < train_epoch(make_training(), nine_images, no_limit())["cpu_use"] < 2


def test_the_steps_are_those_of_plain_pytorch(make_training: MakeTraining, nine_images: InMemoryImages) -> None:
    training, plain = make_training(batch_size=3), make_training(batch_size=3)
    metrics = train_epoch(training, nine_images, no_limit())
    losses, rates = [], []
    for batch in torch.randperm(9, generator=plain.order).split(3):
        rates.append(plain.optimizer.param_groups[0]["lr"])
        loss = plain.objective.training_loss(
            nine_images.images[batch], nine_images.labels[batch], Draws(plain.augmentation)
        ).loss
        plain.optimizer.zero_grad()
        loss.backward()
        plain.optimizer.step()
        plain.scheduler.step()
        losses.append(loss.item())
    for found, expected in zip(training.objective.parameters(), plain.objective.parameters(), strict=True):
        assert torch.equal(found, expected)
    assert metrics["train_loss"] == pytest.approx(sum(losses) / 3)
    assert metrics["learning_rate"] == rates[-1]


def test_the_mean_loss_weighs_every_image_the_same(make_training: MakeTraining, nine_images: InMemoryImages) -> None:
    training, plain = make_training(learning_rate=0.0, batch_size=7), make_training(learning_rate=0.0)
    metrics = train_epoch(training, nine_images, no_limit())
    order = torch.randperm(9, generator=plain.order)
    parts = [
        plain.objective.training_loss(
            nine_images.images[b], nine_images.labels[b], Draws(plain.augmentation)
        ).loss.item()
        for b in (order[:7], order[7:])
    ]
    assert metrics["train_loss"] == pytest.approx((7 * parts[0] + 2 * parts[1]) / 9)


def test_the_gradient_is_clipped_to_its_largest_norm(make_training: MakeTraining, nine_images: InMemoryImages) -> None:
    training = make_training(batch_size=9, gradient_clip=1e-3)
    before = [weight.clone() for weight in training.objective.parameters()]
    train_epoch(training, nine_images, no_limit())
    moved = torch.cat([(new - old).flatten() for new, old in zip(training.objective.parameters(), before, strict=True)])
    warm_up = 1 / 3  # the first of two warm-up steps
    assert moved.norm().item() == pytest.approx(0.1 * warm_up * 1e-3, rel=1e-2)


def test_a_saved_state_goes_on_to_the_same_bits(make_training: MakeTraining, nine_images: InMemoryImages) -> None:
    whole, first = make_training(), make_training()
    for _ in range(4):
        whole_metrics = train_epoch(whole, nine_images, no_limit())
    for _ in range(2):
        train_epoch(first, nine_images, no_limit())
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    second = make_training()
    torch.nn.init.zeros_(next(second.objective.parameters()))
    second.load_state_dict(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    for _ in range(2):
        metrics = train_epoch(second, nine_images, no_limit())
    assert metrics["train_loss"] == whole_metrics["train_loss"]
    found, expected = second.state_dict(), whole.state_dict()
    assert found.pop("health") == expected.pop("health")
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_an_infinite_loss_ends_the_epoch(make_training: MakeTraining, nine_images: InMemoryImages) -> None:
    with pytest.raises(Diverged, match="in epoch 1"):
        train_epoch(make_training(learning_rate=1e38), nine_images, no_limit())


def test_time_is_checked_before_each_step(make_training: MakeTraining, nine_images: InMemoryImages) -> None:
    seconds = iter(range(100))
    training = make_training(batch_size=3)
    with pytest.raises(TimedOut):
        train_epoch(training, nine_images, Clock(1, 4.5, now=lambda: next(seconds)))
    assert training.scheduler.last_epoch == 2  # the start of the epoch reads the clock twice
