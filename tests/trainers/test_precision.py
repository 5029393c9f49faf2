"""Steps in 16 bits, on two weights whose gradients are known."""

import pytest
import torch
from torch import nn

from trainers.precision import Precision, PrecisionName

CPU = torch.device("cpu")


def model_and_optimizer() -> tuple[nn.Linear, torch.optim.SGD]:
    model = nn.Linear(2, 1, bias=False)
    nn.init.ones_(model.weight)
    return model, torch.optim.SGD(model.parameters(), lr=64.0)


@pytest.mark.parametrize(
    ("name", "expected"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_the_forward_pass_computes_in_the_named_type(name: PrecisionName, expected: torch.dtype) -> None:
    model, _ = model_and_optimizer()
    with Precision(name, CPU).forward():
        assert model(torch.ones(1, 2)).dtype == expected
    assert model.weight.dtype == torch.float32


@pytest.mark.parametrize("name", ["fp32", "bf16", "fp16"])
def test_a_step_goes_down_the_gradient(name: PrecisionName) -> None:
    model, optimizer = model_and_optimizer()
    precision = Precision(name, CPU)
    with precision.forward():
        loss = model(torch.tensor([[0.5, 0.25]])).float().sum() / 64  # fp16 starts with a scale of 2^16
    precision.step(loss, optimizer, model, gradient_clip=None)
    assert model.weight.tolist() == [[0.5, 0.75]]


@pytest.mark.parametrize("name", ["fp32", "bf16", "fp16"])
def test_the_clip_bounds_the_norm_of_the_gradient_itself(name: PrecisionName) -> None:
    model, optimizer = model_and_optimizer()
    precision = Precision(name, CPU)
    with precision.forward():
        loss = model(torch.tensor([[30.0, 40.0]])).float().sum() / 64
    precision.step(loss, optimizer, model, gradient_clip=0.5 / 64)
    assert model.weight.tolist()[0] == pytest.approx([1 - 0.3, 1 - 0.4], abs=1e-4)


def test_gradients_too_small_for_fp16_are_kept() -> None:
    model, optimizer = model_and_optimizer()
    precision = Precision("fp16", CPU)
    with precision.forward():
        loss = (model(torch.ones(1, 2)).float() * 1e-8).sum()
    precision.step(loss, optimizer, model, gradient_clip=None)
    assert model.weight.grad is not None
    assert model.weight.grad.tolist()[0] == pytest.approx([1e-8, 1e-8], rel=1e-2)


def test_a_step_that_overflows_fp16_is_left_out_and_the_next_one_is_scaled_less() -> None:
    model, optimizer = model_and_optimizer()
    precision = Precision("fp16", CPU)
    scale = precision.state_dict()["scale"]
    precision.step(model(torch.full((1, 2), torch.inf)).sum(), optimizer, model, gradient_clip=None)
    assert model.weight.tolist() == [[1.0, 1.0]]
    assert precision.state_dict()["scale"] < scale


def test_the_scale_goes_on_from_a_saved_state() -> None:
    model, optimizer = model_and_optimizer()
    first, second = Precision("fp16", CPU), Precision("fp16", CPU)
    first.step(model(torch.full((1, 2), torch.inf)).sum(), optimizer, model, gradient_clip=None)
    second.load_state_dict(first.state_dict())
    assert second.state_dict() == first.state_dict()
