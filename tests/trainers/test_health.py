"""What counts as broken."""

import math

import pytest
import torch

from trainers.health import Collapsed, Diverged, Health, spread_of

LEVEL = 0.6


def stuck(health: Health, epochs: range, spread: float = 1e-6, loss: float = LEVEL) -> None:
    for epoch in epochs:
        health.check_epoch(epoch, loss=loss, uninformed_loss=LEVEL, spread=spread)


def test_spread_is_the_variance_over_the_squared_length() -> None:
    rows = torch.randn(50, 8, generator=torch.Generator().manual_seed(0)) + 2
    distances = [float((row - rows.mean(0)).square().sum()) for row in rows]
    lengths = [float(row.square().sum()) for row in rows]
    assert spread_of(rows).item() == pytest.approx(sum(distances) / sum(lengths), rel=1e-5)


@pytest.mark.parametrize("rows", [torch.zeros(5, 3), torch.ones(5, 3)])
def test_equal_rows_have_no_spread_even_if_they_are_zero(rows: torch.Tensor) -> None:
    assert spread_of(rows) == 0


def test_opposite_rows_have_the_whole_spread() -> None:
    assert spread_of(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])) == 1


def test_three_stuck_epochs_after_the_warm_up_are_a_collapse() -> None:
    health = Health(warmup_epochs=2)
    stuck(health, range(1, 5))
    with pytest.raises(Collapsed, match=r"for 3 epochs, up to epoch 5, .* knowing nothing costs 0\.6"):
        stuck(health, range(5, 6))


def test_an_epoch_that_learns_starts_the_count_anew() -> None:
    health = Health(warmup_epochs=0)
    stuck(health, range(1, 3))
    health.check_epoch(3, loss=0.5, uninformed_loss=LEVEL, spread=1e-6)
    stuck(health, range(4, 6))


def test_a_slow_run_at_the_level_is_no_collapse_while_its_outputs_differ() -> None:
    stuck(Health(warmup_epochs=0), range(1, 100), spread=0.03)


def test_equal_outputs_are_no_collapse_while_the_loss_is_below_the_level() -> None:
    stuck(Health(warmup_epochs=0), range(1, 100), loss=0.9 * LEVEL)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_divergence(loss: float) -> None:
    with pytest.raises(Diverged, match="in epoch 4"):
        Health(warmup_epochs=0).check_finite(4, loss)


def test_a_mean_loss_of_over_ten_times_the_start_is_divergence() -> None:
    health = Health(warmup_epochs=0)
    health.check_finite(1, 1.0)
    health.check_epoch(1, loss=9.9, uninformed_loss=LEVEL, spread=0.5)
    with pytest.raises(Diverged, match=r"epoch 2 is 10\.5, more than 10 times the 1 at the start"):
        health.check_epoch(2, loss=10.5, uninformed_loss=LEVEL, spread=0.5)


def test_a_start_above_the_uninformed_loss_is_no_divergence() -> None:
    """At τ = 0.001 an untrained network's SupCon loss is about eleven times that of equal embeddings."""
    health = Health(warmup_epochs=0)
    health.check_finite(1, 11 * LEVEL)
    health.check_epoch(1, loss=11 * LEVEL, uninformed_loss=LEVEL, spread=0.1)


def test_a_low_start_is_granted_the_uninformed_loss() -> None:
    health = Health(warmup_epochs=0)
    health.check_finite(1, 0.001)
    health.check_epoch(1, loss=LEVEL, uninformed_loss=LEVEL, spread=0.1)


def test_a_saved_state_goes_on_counting() -> None:
    health = Health(warmup_epochs=0)
    stuck(health, range(1, 3))
    resumed = Health(warmup_epochs=0)
    resumed.load_state_dict(health.state_dict())
    with pytest.raises(Collapsed):
        stuck(resumed, range(3, 4))
