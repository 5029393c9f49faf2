"""Optimizers by name: their parameter groups, and that each follows PyTorch's own."""

from typing import get_args

import pytest
import torch
from torch import nn

from trainers.optimizers.lars import Lars
from trainers.optimizers.make import OptimizerName, make_optimizer

NAMES = get_args(OptimizerName)


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 3))


@pytest.mark.parametrize("name", NAMES)
def test_only_weights_decay(name: OptimizerName) -> None:
    model = make_model()
    weights, others = make_optimizer(name, model, 0.1, 0.9, 0.01).param_groups
    assert weights["params"] == [model[0].weight, model[3].weight]
    assert others["params"] == [model[0].bias, model[1].weight, model[1].bias, model[3].bias]
    assert (weights["weight_decay"], others["weight_decay"]) == (0.01, 0.0)
    assert weights["lr"] == others["lr"] == 0.1


@pytest.mark.parametrize("name", NAMES)
def test_frozen_parameters_are_left_out(name: OptimizerName) -> None:
    model = make_model()
    model[0].requires_grad_(False)
    groups = make_optimizer(name, model, 0.1, 0.9, 0.0).param_groups
    assert [len(group["params"]) for group in groups] == [1, 3]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_few_steps_lower_the_loss(name: OptimizerName, momentum: float) -> None:
    model, images = make_model(), torch.rand(16, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    optimizer = make_optimizer(name, model, 0.01, momentum, 1e-4)
    losses = []
    for _ in range(10):
        loss = nn.functional.cross_entropy(model(images), torch.arange(16) % 3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_names_give_their_optimizers_with_the_momentum() -> None:
    model = make_model()
    made = {name: make_optimizer(name, model, 0.1, 0.8, 0.01) for name in NAMES}
    assert [type(optimizer).__name__ for optimizer in made.values()] == ["SGD", "SGD", "Lars", "RMSprop", "AdamW"]
    assert [made[name].param_groups[0]["nesterov"] for name in ("sgd", "nesterov")] == [False, True]
    assert [made[name].param_groups[0]["momentum"] for name in NAMES[:4]] == [0.8] * 4
    assert made["adamw"].param_groups[0]["betas"][0] == 0.8


def test_lars_does_not_adapt_biases_and_normalisation() -> None:
    optimizer = make_optimizer("lars", make_model(), 0.1, 0.9, 0.01)
    assert isinstance(optimizer, Lars)
    assert [group["adapts"] for group in optimizer.param_groups] == [True, False]
