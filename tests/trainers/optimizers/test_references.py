"""Every optimizer by name against its published rule in numpy, one weight at a time, decayed or not."""

from collections.abc import Callable
from copy import deepcopy
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from trainers.optimizers.make import OptimizerName, make_optimizer

STEPS = 6
RATE, DECAY = 0.05, 0.03

Arrays = list[np.ndarray]


def sgd(weight: np.ndarray, gradients: Arrays, momentum: float, decay: float, *, nesterov: bool = False) -> np.ndarray:
    """Polyak's momentum without dampening, and Nesterov's in the form of Sutskever et al. (2013)."""
    velocity = np.zeros_like(weight)
    for partial in gradients:
        gradient = partial + decay * weight
        velocity = momentum * velocity + gradient
        weight = weight - RATE * (gradient + momentum * velocity if nesterov else velocity)
    return weight


def nesterov(weight: np.ndarray, gradients: Arrays, momentum: float, decay: float) -> np.ndarray:
    return sgd(weight, gradients, momentum, decay, nesterov=True)


def rmsprop(weight: np.ndarray, gradients: Arrays, momentum: float, decay: float) -> np.ndarray:
    """Hinton's lecture 6e with the released code's decay of 0.9, then momentum."""
    square, velocity = np.zeros_like(weight), np.zeros_like(weight)
    for partial in gradients:
        gradient = partial + decay * weight
        square = 0.9 * square + 0.1 * gradient**2
        velocity = momentum * velocity + gradient / (np.sqrt(square) + 1e-8)
        weight = weight - RATE * velocity
    return weight


def adamw(weight: np.ndarray, gradients: Arrays, momentum: float, decay: float) -> np.ndarray:
    """arXiv:1711.05101, Algorithm 2."""
    first, second = np.zeros_like(weight), np.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        first = momentum * first + (1 - momentum) * gradient
        second = 0.999 * second + 0.001 * gradient**2
        shrunk = weight - RATE * decay * weight
        weight = shrunk - RATE * (first / (1 - momentum**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weight


def lars(weight: np.ndarray, gradients: Arrays, momentum: float, decay: float) -> np.ndarray:
    """The released SimCLR optimizer; vectors (biases, normalisation) take plain steps."""
    velocity = np.zeros_like(weight)
    for partial in gradients:
        gradient = partial + decay * weight
        ratio = 0.001 * np.linalg.norm(weight) / np.linalg.norm(gradient) if weight.ndim > 1 else 1.0
        velocity = momentum * velocity + RATE * ratio * gradient
        weight = weight - velocity
    return weight


REFERENCES: dict[OptimizerName, Callable[[np.ndarray, Arrays, float, float], np.ndarray]] = {
    "sgd": sgd,
    "nesterov": nesterov,
    "lars": lars,
    "rmsprop": rmsprop,
    "adamw": adamw,
}


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 4)).double()


def make_gradients(model: nn.Module) -> list[Arrays]:
    """For every parameter, one gradient per step."""
    random = np.random.default_rng(0)
    return [[random.normal(size=tuple(weight.shape)) for _ in range(STEPS)] for weight in model.parameters()]


def take_steps(
    optimizer: torch.optim.Optimizer, model: nn.Module, gradients: list[Arrays], begin: int, end: int
) -> None:
    for step in range(begin, end):
        for weight, own in zip(model.parameters(), gradients, strict=True):
            weight.grad = torch.tensor(own[step])
        optimizer.step()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("name", get_args(OptimizerName))
def test_weights_follow_the_published_rule(name: OptimizerName, momentum: float) -> None:
    model = make_model()
    start, gradients = [weight.detach().numpy().copy() for weight in model.parameters()], make_gradients(model)
    take_steps(make_optimizer(name, model, RATE, momentum, DECAY), model, gradients, 0, STEPS)
    for weight, first, own in zip(model.parameters(), start, gradients, strict=True):
        expected = REFERENCES[name](first, own, momentum, DECAY if first.ndim > 1 else 0.0)
        np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("name", get_args(OptimizerName))
def test_a_saved_optimizer_goes_on_bit_by_bit(name: OptimizerName) -> None:
    model = make_model().float()
    gradients = [[one.astype(np.float32) for one in own] for own in make_gradients(model)]
    optimizer = make_optimizer(name, model, RATE, 0.9, DECAY)
    take_steps(optimizer, model, gradients, 0, 3)
    twin = deepcopy(model)
    resumed = make_optimizer(name, twin, 123.0, 0.9, DECAY)
    resumed.load_state_dict(deepcopy(optimizer.state_dict()))
    take_steps(optimizer, model, gradients, 3, STEPS)
    take_steps(resumed, twin, gradients, 3, STEPS)
    for weight, other in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(weight, other)


@pytest.mark.parametrize("name", get_args(OptimizerName))
def test_a_weight_without_a_gradient_stays(name: OptimizerName) -> None:
    model = make_model()
    gradients = make_gradients(model)
    optimizer = make_optimizer(name, model, RATE, 0.9, DECAY)
    kept = model[3].weight.detach().clone()
    for weight, own in zip(model.parameters(), gradients, strict=True):
        weight.grad = torch.tensor(own[0])
    model[3].weight.grad = None
    optimizer.step()
    assert torch.equal(model[3].weight, kept)
