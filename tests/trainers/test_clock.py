"""The clock of an attempt, driven by hand."""

import pytest

from trainers.clock import Clock, TimedOut


class Hand:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_seconds_count_from_the_start_and_are_multiplied_by_devices() -> None:
    hand = Hand()
    clock = Clock(2.5, None, now=hand)
    hand.seconds += 4
    assert (clock.seconds, clock.device_seconds) == (4, 10)


def test_pauses_count_neither_as_cost_nor_against_the_time_limit() -> None:
    hand = Hand()
    clock = Clock(1, 10, now=hand)
    hand.seconds += 9
    with clock.paused():
        hand.seconds += 1000
    clock.check()
    assert clock.seconds == 9


def test_a_pause_that_ends_in_an_exception_is_a_pause_all_the_same() -> None:
    hand = Hand()
    clock = Clock(1, None, now=hand)
    with pytest.raises(KeyboardInterrupt), clock.paused():
        hand.seconds += 5
        raise KeyboardInterrupt
    assert clock.seconds == 0


def test_time_over_is_a_sentence_with_the_limit() -> None:
    hand = Hand()
    clock = Clock(1, 10, now=hand)
    hand.seconds += 10.5
    with pytest.raises(TimedOut, match="longer than its 10 seconds"):
        clock.check()


def test_without_a_limit_time_is_never_over() -> None:
    hand = Hand()
    clock = Clock(1, None, now=hand)
    hand.seconds += 1e9
    clock.check()
