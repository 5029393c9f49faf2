"""The memory queue around plain parts: what its keys are, how long they stay, and who follows whom."""

import math

import pytest
import torch
from fakes.workers import run_workers
from torch import Tensor, nn

from trainers.distributed import ALONE, World
from trainers.draws import Draws
from trainers.evaluation.probes import LbfgsProbe
from trainers.losses.supcon import SupConLoss
from trainers.momentum_contrast import MomentumContrast

pytestmark = pytest.mark.usefixtures("on_cpu")

LABELS = torch.tensor([0, 1, 2, 0, 1])
TEMPERATURE = 0.2


def brighten(images_BCHW: Tensor, draws: Draws) -> Tensor:
    return images_BCHW * draws.uniform(0, 1, len(images_BCHW)).view(-1, 1, 1, 1)


def batch_of(step: int) -> Tensor:
    return torch.rand(5, 1, 2, 2, generator=torch.Generator().manual_seed(step))


def objective(
    *, uses_labels: bool = True, queue_size: int = 7, key_momentum: float = 0.9, world: World = ALONE
) -> MomentumContrast:
    torch.manual_seed(0)
    return MomentumContrast(
        nn.Flatten(),
        nn.Linear(4, 3),
        SupConLoss(TEMPERATURE),
        brighten,
        embedding_dim=3,
        queue_size=queue_size,
        key_momentum=key_momentum,
        uses_labels=uses_labels,
        probe=LbfgsProbe(classes=3, weight_decay=1e-3, max_iterations=100),
        world=world,
    )


def step(trained: MomentumContrast, number: int) -> tuple[Tensor, Tensor]:
    """Loss and gradient of a step of plain gradient descent, both of all workers."""
    share = trained.world.slice_of(5)
    draws = Draws(torch.Generator().manual_seed(number), start=share.start, stop=share.stop, of=5)
    loss = trained.training_loss(batch_of(number)[share], LABELS[share], draws).loss
    weight, bias = trained.projection.parameters()
    gradients = [trained.world.sum(one) for one in torch.autograd.grad(loss, [weight, bias])]
    with torch.no_grad():
        weight -= 0.5 * gradients[0]
        bias -= 0.5 * gradients[1]
    trained.after_step()
    return trained.world.sum(loss), torch.cat([one.flatten() for one in gradients])


@pytest.mark.parametrize("uses_labels", [True, False])
@pytest.mark.parametrize("queue_size", [3, 7, 100])
def test_anchors_meet_the_keys_of_their_batch_and_the_last_ones_before(queue_size: int, uses_labels: bool) -> None:
    trained = objective(uses_labels=uses_labels, queue_size=queue_size)
    slow_weight, slow_bias = (one.detach().clone() for one in trained.projection.parameters())
    memory: list[tuple[Tensor, int]] = []
    for number in range(5):
        factors = torch.rand(10, 1, generator=torch.Generator().manual_seed(number))
        views = batch_of(number).flatten(1).repeat_interleave(2, dim=0) * factors
        anchors = trained.projection(views[::2]).detach()
        classes = LABELS.tolist() if uses_labels else list(range(5))
        new = list(zip(views[1::2] @ slow_weight.T + slow_bias, classes, strict=True))
        keys = new + memory
        losses = []
        for anchor, label in zip(anchors, classes, strict=True):
            logits = torch.stack([anchor @ key / TEMPERATURE for key, _ in keys])
            positives = [logits[column] for column, (_, other) in enumerate(keys) if other == label]
            losses.append(torch.stack([logits.logsumexp(0) - positive for positive in positives]).mean())
        found, _ = step(trained, number)
        torch.testing.assert_close(found, TEMPERATURE * torch.stack(losses).mean())
        queued = [(key, label if uses_labels else -1) for key, label in new]
        memory = (memory + queued)[-queue_size:]
        slow_weight = 0.9 * slow_weight + 0.1 * trained.projection.weight.detach()  # type: ignore[operator]
        slow_bias = 0.9 * slow_bias + 0.1 * trained.projection.bias.detach()  # type: ignore[operator]


def test_a_saved_state_goes_on_exactly() -> None:
    whole, first, second = objective(), objective(), objective()
    expected = [step(whole, number)[0] for number in range(4)]
    found = [step(first, number)[0] for number in range(2)]
    second.load_state_dict(first.state_dict())
    found += [step(second, number)[0] for number in (2, 3)]
    assert torch.equal(torch.stack(found), torch.stack(expected))


def test_only_the_trained_encoder_has_gradients() -> None:
    trained = objective()
    assert all(not weight.requires_grad for weight in trained.key_model.parameters())
    assert all(weight.requires_grad for weight in trained.projection.parameters())


def test_equal_embeddings_cost_the_uninformed_loss() -> None:
    trained = objective(key_momentum=0.0)
    for weight in trained.projection.parameters():
        nn.init.zeros_(weight)
    trained.after_step()
    for keys in (5, 10):
        batch = trained.training_loss(batch_of(0), LABELS, Draws(torch.Generator().manual_seed(0)))
        assert batch.uninformed_loss == pytest.approx(TEMPERATURE * math.log(keys))
        assert batch.loss.item() == pytest.approx(batch.uninformed_loss, rel=1e-5)
        assert batch.spread == 0


def steps_of(world: World, uses_labels: bool) -> list[tuple[Tensor, Tensor]]:
    trained = objective(uses_labels=uses_labels, world=world)
    return [step(trained, number) for number in range(3)]


@pytest.mark.parametrize("uses_labels", [True, False])
def test_two_workers_train_and_remember_what_one_does(uses_labels: bool) -> None:
    expected = steps_of(ALONE, uses_labels)
    for found in run_workers(2, steps_of, uses_labels):
        for (loss, gradient), (expected_loss, expected_gradient) in zip(found, expected, strict=True):
            torch.testing.assert_close(loss, expected_loss)
            assert torch.cosine_similarity(gradient, expected_gradient, dim=0) > 0.99999
            assert (gradient.norm() / expected_gradient.norm()).item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("queue_size", "key_momentum", "named"), [(0, 0.9, "queue_size"), (4, 1.0, "key_momentum")])
def test_impossible_arguments_are_refused(queue_size: int, key_momentum: float, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        objective(queue_size=queue_size, key_momentum=key_momentum)
