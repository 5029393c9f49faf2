"""The desk: what is open, what is wanted, and when."""

from collections.abc import Callable
from typing import Any

import pytest

from search_spaces.runner_protocol import (
    Finished,
    LostTrial,
    ReportAnswer,
    StepResult,
    TrialAssignment,
    TrialEnding,
    Wait,
)
from trainers.runner.desk import AT_ONCE, GATHER_SECONDS, NEVER, Desk, Offer


@pytest.fixture
def desk(clock: Any) -> Desk:
    return Desk(clock)


@pytest.fixture
def running(desk: Desk, assignment: Callable[..., TrialAssignment]) -> str:
    """Name of an attempt that was given and taken."""
    desk.answered(assignment(7))
    offer = desk.take_trial(0)
    assert isinstance(offer, Offer)
    return offer.tune_trial_id


def test_nothing_is_asked_before_a_trial_is_wanted(desk: Desk) -> None:
    assert desk.ask_wanted_at == NEVER
    assert desk.take_trial(0) is None
    assert desk.ask_wanted_at == AT_ONCE


def test_a_given_trial_is_taken_under_the_name_it_was_asked_for(
    desk: Desk, assignment: Callable[..., TrialAssignment]
) -> None:
    asked = desk.next_tune_trial_id
    desk.answered(assignment(7))
    assert desk.take_trial(0) == Offer(asked, assignment(7))


def test_the_name_stays_until_a_trial_is_given(desk: Desk, assignment: Callable[..., TrialAssignment]) -> None:
    first = desk.next_tune_trial_id
    desk.answered(Wait(seconds=1))
    assert desk.next_tune_trial_id == first
    desk.answered(assignment())
    assert desk.next_tune_trial_id != first


def test_a_trial_is_taken_once(desk: Desk, running: str) -> None:
    assert desk.take_trial(0) is None


def test_a_trial_counts_as_running_only_when_taken(desk: Desk, assignment: Callable[..., TrialAssignment]) -> None:
    desk.answered(assignment())
    assert desk.running == 0
    desk.take_trial(0)
    assert desk.running == 1


def test_a_wait_is_honoured(desk: Desk, clock: Any) -> None:
    desk.take_trial(0)
    desk.answered(Wait(seconds=2.5))
    assert desk.ask_wanted_at == clock() + 2.5


def test_a_wait_is_over_when_an_ending_was_delivered(
    desk: Desk, running: str, completed: Callable[[str], TrialEnding]
) -> None:
    desk.take_trial(0)
    desk.answered(Wait(seconds=60))
    desk.record(completed(running))
    desk.delivered(desk.next_report(), ReportAnswer())
    assert desk.ask_wanted_at == AT_ONCE


def test_a_wait_is_over_when_a_trial_is_stopped(desk: Desk, running: str, step: Callable[..., StepResult]) -> None:
    desk.take_trial(0)
    desk.answered(Wait(seconds=60))
    desk.record(step(running))
    desk.delivered(desk.next_report(), ReportAnswer(stop=[running]))
    assert desk.ask_wanted_at == AT_ONCE


def test_a_heartbeat_does_not_end_a_wait(desk: Desk, running: str) -> None:
    desk.take_trial(0)
    desk.answered(Wait(seconds=60))
    desk.delivered(desk.next_report(), ReportAnswer())
    assert desk.ask_wanted_at > AT_ONCE


def test_finished_is_said_again_and_again(desk: Desk) -> None:
    desk.answered(Finished())
    assert [desk.take_trial(0), desk.take_trial(0)] == [Finished(), Finished()]
    assert desk.ask_wanted_at == NEVER


def test_results_gather_and_endings_go_at_once(
    desk: Desk,
    running: str,
    clock: Any,
    step: Callable[..., StepResult],
    completed: Callable[[str], TrialEnding],
) -> None:
    assert desk.report_wanted_at == NEVER
    desk.record(step(running))
    assert desk.report_wanted_at == clock() + GATHER_SECONDS
    desk.record(completed(running))
    assert desk.report_wanted_at == AT_ONCE


def test_the_first_of_the_gathered_results_sets_the_time(
    desk: Desk, running: str, clock: Any, step: Callable[..., StepResult]
) -> None:
    desk.record(step(running, 1))
    wanted_at = desk.report_wanted_at
    clock.turn(GATHER_SECONDS / 2)
    desk.record(step(running, 2))
    assert desk.report_wanted_at == wanted_at


def test_results_that_came_while_a_report_was_under_way_are_reported_too(
    desk: Desk, running: str, step: Callable[..., StepResult]
) -> None:
    desk.record(step(running, 1))
    report = desk.next_report()
    desk.record(step(running, 2))
    desk.delivered(report, ReportAnswer())
    assert desk.report_wanted_at < NEVER
    assert [result.step for result in desk.next_report().results] == [2]


def test_after_an_ending_the_attempt_is_closed(
    desk: Desk, running: str, step: Callable[..., StepResult], completed: Callable[[str], TrialEnding]
) -> None:
    desk.record(completed(running))
    desk.record(step(running))
    desk.record(completed(running))
    desk.record(LostTrial(tune_trial_id=running, reason="killed"))
    report = desk.next_report()
    assert (len(report.results), len(report.outcomes), len(report.lost)) == (0, 1, 0)


def test_of_a_stopped_attempt_nothing_more_is_said(
    desk: Desk, running: str, step: Callable[..., StepResult], completed: Callable[[str], TrialEnding]
) -> None:
    desk.record(step(running))
    desk.delivered(desk.next_report(), ReportAnswer(stop=[running]))
    assert not desk.is_open(running)
    desk.record(completed(running))
    desk.close("the end")
    assert desk.is_done


def test_the_epoch_that_a_stopped_attempt_still_trains_is_told_once(
    desk: Desk, running: str, step: Callable[..., StepResult]
) -> None:
    desk.delivered(desk.next_report(), ReportAnswer(stop=[running]))
    desk.record(step(running))
    desk.record(step(running))
    assert len(desk.next_report().results) == 1


def test_a_drained_runner_takes_no_more_trials(desk: Desk, assignment: Callable[..., TrialAssignment]) -> None:
    desk.answered(assignment())
    desk.delivered(desk.next_report(), ReportAnswer(drain=True))
    assert desk.take_trial(0) == Finished()
    assert desk.ask_wanted_at == NEVER


def test_closing_loses_what_is_open_even_what_was_never_taken(
    desk: Desk, running: str, assignment: Callable[..., TrialAssignment]
) -> None:
    desk.answered(assignment(8))
    desk.close("the end")
    assert not desk.is_done
    report = desk.next_report()
    assert [loss.reason for loss in report.lost] == ["the end", "the end"]
    desk.delivered(report, ReportAnswer())
    assert desk.is_done
    assert desk.take_trial(0) == Finished()


def test_a_closed_desk_sends_gathered_results_at_once(
    desk: Desk, running: str, step: Callable[..., StepResult]
) -> None:
    desk.record(step(running))
    desk.delivered(desk.next_report(), ReportAnswer(stop=[running]))
    desk.close("the end")
    assert desk.report_wanted_at == NEVER
    assert desk.is_done
