"""The decision to leave."""

import pytest

from trainers.runner.departure import Cause, Departure, LeaveNow


def test_a_runner_stays_until_somebody_decides() -> None:
    Departure().leave_if_decided()


def test_the_first_cause_stays() -> None:
    departure = Departure()
    departure.decide(Cause.REFUSED)
    departure.decide(Cause.TERMINATED)
    assert departure.cause is Cause.REFUSED


def test_leaving_is_no_error_that_somebody_on_the_way_would_catch() -> None:
    departure = Departure()
    departure.decide(Cause.BROKEN)
    with pytest.raises(LeaveNow):
        departure.leave_if_decided()
    assert not issubclass(LeaveNow, Exception)
