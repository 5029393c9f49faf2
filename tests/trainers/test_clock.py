"""The clock of an attempt, driven by hand."""

from trainers.clock import Clock


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
    clock.pause()
    hand.seconds += 1000
    assert clock.seconds == 9
    clock.resume()
    hand.seconds += 0.5
    assert clock.seconds == 9.5
    assert not clock.is_over


def test_a_clock_that_runs_is_not_changed_by_resuming() -> None:
    hand = Hand()
    clock = Clock(1, None, now=hand)
    hand.seconds += 3
    clock.resume()
    assert clock.seconds == 3


def test_time_over_is_a_sentence_with_the_limit() -> None:
    hand = Hand()
    clock = Clock(1, 10, now=hand)
    hand.seconds += 10.5
    assert clock.is_over
    assert str(clock.timed_out()) == "trained longer than its 10 seconds"


def test_without_a_limit_time_is_never_over() -> None:
    hand = Hand()
    clock = Clock(1, None, now=hand)
    hand.seconds += 1e9
    assert not clock.is_over
