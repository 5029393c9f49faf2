"""Lars against a loop in numpy, and its two kinds of parameter groups."""

from copy import deepcopy

import numpy as np
import pytest
import torch

from trainers.optimizers.lars import Lars

Steps = list[np.ndarray]


def lars_by_loops(weight: np.ndarray, gradients: Steps, rates: dict[str, float], *, adapts: bool) -> np.ndarray:
    """The released SimCLR optimizer, one weight, one gradient per step."""
    velocity = np.zeros_like(weight)
    for partial in gradients:
        gradient = partial + rates["weight_decay"] * weight
        weight_norm, gradient_norm = np.sqrt((weight**2).sum()), np.sqrt((gradient**2).sum())
        ratio = 1.0
        if adapts and weight_norm > 0 and gradient_norm > 0:
            ratio = rates["trust_coefficient"] * weight_norm / gradient_norm
        velocity = rates["momentum"] * velocity + rates["lr"] * ratio * gradient
        weight = weight - velocity
    return weight


def run(weight: np.ndarray, gradients: Steps, rates: dict[str, float], *, adapts: bool) -> np.ndarray:
    parameter = torch.nn.Parameter(torch.tensor(weight))
    optimizer = Lars([{"params": [parameter], "adapts": adapts}], **rates)
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
    return parameter.detach().numpy()


RATES = {"lr": 0.7, "momentum": 0.9, "weight_decay": 0.01, "trust_coefficient": 0.02}


@pytest.mark.parametrize("adapts", [True, False])
@pytest.mark.parametrize("change", [{}, {"momentum": 0.0}, {"weight_decay": 0.0}])
def test_steps_equal_the_loop(adapts: bool, change: dict[str, float]) -> None:
    random = np.random.default_rng(0)
    weight, gradients = random.normal(size=(3, 4)), [random.normal(size=(3, 4)) for _ in range(5)]
    rates = RATES | change
    np.testing.assert_allclose(
        run(weight, gradients, rates, adapts=adapts), lars_by_loops(weight, gradients, rates, adapts=adapts)
    )


def test_a_group_that_does_not_adapt_is_sgd() -> None:
    random = np.random.default_rng(1)
    weight, gradients = random.normal(size=4), [random.normal(size=4) for _ in range(4)]
    parameter = torch.nn.Parameter(torch.tensor(weight))
    sgd = torch.optim.SGD([parameter], lr=0.7, momentum=0.9, weight_decay=0.01)
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        sgd.step()
    np.testing.assert_allclose(run(weight, gradients, RATES, adapts=False), parameter.detach().numpy())


def test_the_scale_of_the_gradient_does_not_matter() -> None:
    random = np.random.default_rng(2)
    weight, gradients, rates = random.normal(size=(2, 3)), [random.normal(size=(2, 3))], RATES | {"weight_decay": 0.0}
    louder = [1000 * gradient for gradient in gradients]
    np.testing.assert_allclose(run(weight, louder, rates, adapts=True), run(weight, gradients, rates, adapts=True))


@pytest.mark.parametrize(("weight", "gradient"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_norms_of_zero_stay_finite(weight: float, gradient: float) -> None:
    weights, gradients, rates = np.full((2, 2), weight), [np.full((2, 2), gradient)], RATES | {"weight_decay": 0.0}
    np.testing.assert_allclose(run(weights, gradients, rates, adapts=True), weights - 0.7 * gradients[0])


def test_a_saved_state_continues_exactly() -> None:
    random = np.random.default_rng(3)
    gradients = [torch.tensor(random.normal(size=(2, 3))) for _ in range(4)]
    parameter = torch.nn.Parameter(torch.tensor(random.normal(size=(2, 3))))
    optimizer = Lars([parameter], **RATES)
    for step, gradient in enumerate(gradients):
        if step == 2:
            twin = torch.nn.Parameter(parameter.detach().clone())
            resumed = Lars([twin], lr=123.0)
            resumed.load_state_dict(deepcopy(optimizer.state_dict()))
        parameter.grad = gradient
        optimizer.step()
    for gradient in gradients[2:]:
        twin.grad = gradient
        resumed.step()
    assert torch.equal(twin, parameter)


def test_a_closure_is_evaluated_with_gradients() -> None:
    parameter = torch.nn.Parameter(torch.tensor([[2.0]]))
    optimizer = Lars([parameter], lr=0.1)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = parameter.square().sum()
        value.backward()
        return value

    assert optimizer.step(loss) == 4.0
    assert parameter.item() < 2.0
