"""The learning rate's course, step by step."""

import math
from typing import get_args

import pytest
import torch

from trainers.optimizers.schedules import Schedule, learning_rate_factor, make_scheduler

SCHEDULES = get_args(Schedule)


def course(schedule: Schedule, steps_total: int, warmup_steps: int) -> list[float]:
    return [learning_rate_factor(schedule, step, steps_total, warmup_steps) for step in range(steps_total)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_warm_up_is_a_straight_line_from_zero_to_the_peak(schedule: Schedule) -> None:
    assert course(schedule, 100, 4)[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_cosine_falls_from_one_towards_zero() -> None:
    expected = [0.5 + 0.5 * math.cos(math.pi * step / 10) for step in range(10)]
    assert course("cosine", 10, 0) == pytest.approx(expected)
    assert course("cosine", 14, 4)[4:] == pytest.approx(expected)
    assert learning_rate_factor("cosine", 10, 10, 0) == pytest.approx(0)


def test_step_drops_tenfold_at_seventy_eighty_and_ninety_percent() -> None:
    expected = [1.0] * 7 + [0.1, 0.01, 0.001]
    assert course("step", 10, 0) == pytest.approx(expected)


def test_constant_stays_at_the_peak() -> None:
    assert course("constant", 6, 1) == [0.5, 1, 1, 1, 1, 1]


def course_by_hand(schedule: Schedule, steps_total: int, warmup_steps: int) -> list[float]:
    """One factor per step, found by walking through the run."""
    factors = []
    for step in range(steps_total):
        if step < warmup_steps:
            factors.append((step + 1) * (1 / (warmup_steps + 1)))
        elif schedule == "cosine":
            angle = 180 * (step - warmup_steps) / (steps_total - warmup_steps)
            factors.append((1 + math.cos(math.radians(angle))) / 2)
        elif schedule == "step":
            # In whole tenths of the run: no rounding decides on which side of a milestone a step lies.
            passed = sum(10 * step >= tenths * steps_total for tenths in (7, 8, 9))
            factors.append([1.0, 0.1, 0.01, 0.001][passed])
        else:
            factors.append(1.0)
    return factors


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps_total", [1, 2, 7, 10, 30, 97])
def test_the_course_is_the_one_walked_by_hand(schedule: Schedule, steps_total: int) -> None:
    for warmup_steps in {0, 1, steps_total // 2, steps_total - 1, steps_total}:
        expected = course_by_hand(schedule, steps_total, warmup_steps)
        assert course(schedule, steps_total, warmup_steps) == pytest.approx(expected)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_run_without_warm_up_starts_at_the_peak(schedule: Schedule) -> None:
    assert course(schedule, 5, 0)[0] == 1.0


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_warm_up_as_long_as_the_run_rises_to_its_end(schedule: Schedule) -> None:
    assert course(schedule, 4, 4) == pytest.approx([0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("steps_total", "warmup_steps"), [(1, 0), (1, 1), (3, 10), (7, 7), (50, 5)])
def test_no_step_is_wasted_or_over_the_peak(schedule: Schedule, steps_total: int, warmup_steps: int) -> None:
    assert all(0 < factor <= 1 for factor in course(schedule, steps_total, warmup_steps))


def test_steps_past_the_end_stay_at_the_end() -> None:
    assert [learning_rate_factor("cosine", step, 10, 2) for step in (10, 99)] == pytest.approx([0, 0])


def test_a_scheduler_gives_every_group_its_factor_and_continues_from_its_state() -> None:
    def make() -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
        groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in (1.0, 10.0)]
        optimizer = torch.optim.SGD(groups)
        return optimizer, make_scheduler(optimizer, "cosine", steps_total=8, warmup_steps=2)

    optimizer, scheduler = make()
    seen = []
    for step in range(8):
        if step == 4:
            saved = optimizer.state_dict(), scheduler.state_dict()
            optimizer, scheduler = make()
            optimizer.load_state_dict(saved[0])
            scheduler.load_state_dict(saved[1])
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    assert seen == [pytest.approx([factor, 10 * factor]) for factor in course("cosine", 8, 2)]
