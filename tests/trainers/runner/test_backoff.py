"""Backoff: ever later, at random below a bound."""

from trainers.runner.backoff import FIRST_SECONDS, LONGEST_SECONDS, Backoff


def test_the_bound_doubles_up_to_the_longest() -> None:
    backoff = Backoff(draw=lambda: 1.0)
    waits = []
    for _ in range(10):
        backoff.failed(now=0.0)
        waits.append(backoff.not_before)
    assert waits[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert waits[-1] == LONGEST_SECONDS


def test_the_jitter_is_full() -> None:
    backoff = Backoff(draw=lambda: 0.0)
    backoff.failed(now=100.0)
    assert backoff.not_before == 100.0


def test_a_success_starts_anew() -> None:
    backoff = Backoff(draw=lambda: 1.0)
    backoff.failed(now=100.0)
    backoff.succeeded()
    assert not backoff.is_failing
    assert backoff.not_before < 100.0
    backoff.failed(now=100.0)
    assert backoff.not_before == 100.0 + FIRST_SECONDS


def test_a_service_away_for_days_does_not_overflow() -> None:
    backoff = Backoff(draw=lambda: 1.0)
    for _ in range(5000):
        backoff.failed(now=0.0)
    assert backoff.not_before == LONGEST_SECONDS
