"""Patience with a clock that a test turns."""

import pytest

from service.client.failures import ApiError
from service.client.patience import LONGEST_PAUSE_SECONDS, Patience
from service.schemas.problems import Problem


class SleepingClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


def wait_until_raised(patience: Patience) -> None:
    """Waits again and again."""
    with pytest.raises(TimeoutError):
        for _ in range(1000):
            patience.wait(TimeoutError())


def test_pauses_grow_and_together_last_as_long_as_the_patience() -> None:
    clock = SleepingClock()
    wait_until_raised(Patience(10, clock=lambda: clock.now, sleep=clock.sleep))
    assert clock.pauses[:4] == [0.2, 0.4, 0.8, 1.6]
    assert max(clock.pauses) == LONGEST_PAUSE_SECONDS
    assert clock.now == pytest.approx(10)


def test_an_answer_renews_the_patience() -> None:
    clock = SleepingClock()
    patience = Patience(10, clock=lambda: clock.now, sleep=clock.sleep)
    wait_until_raised(patience)
    patience.renew()
    patience.wait(TimeoutError())
    assert clock.pauses[-1] == 0.2


def test_a_failure_that_asks_for_a_longer_pause_gets_it_within_the_patience() -> None:
    clock = SleepingClock()
    patience = Patience(10, clock=lambda: clock.now, sleep=clock.sleep)
    limited = Problem(title="Too many requests", status=429, detail="wait 7 s", code="rate_limited")
    for _ in range(2):
        patience.wait(ApiError(limited, retry_after_seconds=7))
    assert clock.pauses == [7, 3]


def test_no_patience_raises_at_once() -> None:
    clock = SleepingClock()
    wait_until_raised(Patience(0, clock=lambda: clock.now, sleep=clock.sleep))
    assert clock.pauses == []
