"""The scheduler ends trials where the ledger says so."""

from collections.abc import Callable
from typing import Any

import pytest

from search_spaces.runner_protocol import ReportAnswer
from trainers.runner.attempt import to_result
from trainers.runner.desk import Desk
from trainers.runner.scheduler import LedgerScheduler


@pytest.fixture
def decide(assignment: Callable[..., Any], step: Callable[..., Any]) -> Callable[[ReportAnswer], str]:
    """What the scheduler says to a trial's next result after this answer of the ledger to the last one."""

    def make(answer: ReportAnswer) -> str:
        desk = Desk()
        desk.answered(assignment())
        name, _ = desk.take_trial(0)
        desk.record(step(name, 1))
        desk.delivered(desk.next_report(), answer)
        return LedgerScheduler(desk).on_trial_result(None, None, to_result(step(name, 2)))

    return make


def test_a_trial_goes_on_while_the_ledger_is_silent(decide: Callable[[ReportAnswer], str]) -> None:
    assert decide(ReportAnswer(stop=["another"])) == LedgerScheduler.CONTINUE


def test_a_stopped_trial_ends_at_its_next_result(decide: Callable[[ReportAnswer], str]) -> None:
    assert decide(ReportAnswer(stop=["attempt-000001"])) == LedgerScheduler.STOP


def test_every_trial_of_a_drained_runner_ends_at_its_next_result(decide: Callable[[ReportAnswer], str]) -> None:
    assert decide(ReportAnswer(drain=True)) == LedgerScheduler.STOP
