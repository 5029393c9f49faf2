"""The searcher suggests what lies on the desk, and no more than fits."""

from collections.abc import Callable
from typing import Any

import pytest
from ray.tune.search import Searcher

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import Finished, Wait
from trainers.runner import searcher as searcher_module
from trainers.runner.attempt import from_config
from trainers.runner.desk import Desk
from trainers.runner.searcher import LedgerSearcher


@pytest.fixture
def desk(clock: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(searcher_module, "BUSY_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(searcher_module, "IDLE_PATIENCE_SECONDS", 0.0)
    return Desk(clock)


@pytest.fixture
def searcher(desk: Desk, brief: Callable[..., Any]) -> LedgerSearcher:
    return LedgerSearcher(desk, brief(), lambda: [{"CPU": 2.0}])


def test_a_suggestion_is_the_trial_that_the_ledger_gave(
    searcher: LedgerSearcher, desk: Desk, assignment: Callable[..., Any]
) -> None:
    name = desk.next_tune_trial_id
    desk.answered(assignment(7))
    attempt = from_config(searcher.suggest("tunes-own-id"))
    assert (attempt.tune_trial_id, attempt.assignment) == (name, assignment(7))


def test_a_trial_that_fits_nowhere_is_infeasible_at_once(
    desk: Desk, brief: Callable[..., Any], assignment: Callable[..., Any]
) -> None:
    searcher = LedgerSearcher(desk, brief(resources={"workers": 3}), lambda: [{"CPU": 2.0}])
    desk.answered(assignment(7))
    assert searcher.suggest("tunes-own-id") is None
    [ending] = desk.next_report().outcomes
    assert ending.outcome is Outcome.INFEASIBLE
    assert ending.reason == "a trial needs 3 workers of 1 CPU each; the cluster has room for 2"


def test_there_is_no_suggestion_while_the_ledger_has_none(searcher: LedgerSearcher, desk: Desk) -> None:
    assert searcher.suggest("a") is None
    desk.answered(Wait(seconds=5))
    assert searcher.suggest("b") is None


def test_the_end_is_passed_on(searcher: LedgerSearcher, desk: Desk) -> None:
    desk.answered(Finished())
    assert searcher.suggest("a") == Searcher.FINISHED


def test_no_more_is_asked_for_than_fits(
    searcher: LedgerSearcher, desk: Desk, assignment: Callable[..., Any], completed: Callable[[str], Any]
) -> None:
    names = []
    for number in range(2):
        desk.answered(assignment(number))
        names.append(searcher.suggest("a")["tune_trial_id"])
    desk.answered(assignment(2))
    assert searcher.suggest("a") is None
    desk.record(completed(names[0]))
    assert searcher.suggest("a") is not None
