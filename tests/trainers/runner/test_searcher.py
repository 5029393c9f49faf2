"""The searcher suggests what lies on the desk, and no more than fits."""

from collections.abc import Callable
from typing import Any

import pytest
from fakes.autoscaler import nodes_for
from ray.tune.search import Searcher

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import Finished, ReportAnswer, Wait
from search_spaces.sweep_spec import Resources
from trainers.runner import searcher as searcher_module
from trainers.runner.attempt import from_config
from trainers.runner.desk import NEVER, Desk
from trainers.runner.room import GROWTH_SECONDS, Room
from trainers.runner.searcher import LedgerSearcher


@pytest.fixture
def desk(clock: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(searcher_module, "BUSY_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(searcher_module, "IDLE_PATIENCE_SECONDS", 0.0)
    return Desk(clock)


@pytest.fixture
def searcher(desk: Desk, brief: Callable[..., Any]) -> LedgerSearcher:
    """Of a cluster with room for two trials."""
    return LedgerSearcher(desk, brief(), Room(Resources(), lambda: [{"CPU": 2.0}], lambda _: None))


@pytest.fixture
def cramped(desk: Desk, brief: Callable[..., Any], clock: Any) -> LedgerSearcher:
    """Of a cluster that cannot hold the two workers of a trial."""
    room = Room(Resources(workers=2), lambda: [{"CPU": 1.0}], lambda _: None, clock)
    return LedgerSearcher(desk, brief(), room)


def test_a_suggestion_is_the_trial_that_the_ledger_gave(
    searcher: LedgerSearcher, desk: Desk, assignment: Callable[..., Any]
) -> None:
    name = desk.next_tune_trial_id
    desk.answered(assignment(7))
    attempt = from_config(searcher.suggest("tunes-own-id"))
    assert (attempt.tune_trial_id, attempt.assignment) == (name, assignment(7))


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


@pytest.fixture
def wishes() -> list[int]:
    """For how many trials at once the growing cluster was wished to have room, in order."""
    return []


@pytest.fixture
def growing(desk: Desk, brief: Callable[..., Any], wishes: list[int]) -> LedgerSearcher:
    """Of a sweep of four trials at once, on a cluster that has room for one."""
    resources = Resources(max_concurrent=4)
    room = Room(resources, lambda: [{"CPU": 1.0}], lambda bundles: wishes.append(len(bundles)))
    return LedgerSearcher(desk, brief(resources=resources), room)


def test_a_full_cluster_is_wished_to_have_room_for_one_trial_more(
    growing: LedgerSearcher, desk: Desk, assignment: Callable[..., Any], wishes: list[int]
) -> None:
    desk.answered(assignment(0))
    growing.suggest("a")
    assert wishes == []
    growing.suggest("b")
    assert wishes == [2]


def test_a_cluster_that_cannot_hold_all_that_the_sweep_may_run_at_once_grows_as_far_as_it_may(
    desk: Desk, brief: Callable[..., Any], assignment: Callable[..., Any]
) -> None:
    nodes, resources = [{"CPU": 1.0}], Resources(max_concurrent=8)

    def grow(wish: list[dict[str, float]]) -> None:
        nodes[:] = [{"CPU": 1.0}] * nodes_for(wish, len(nodes), most_nodes=3)

    searcher = LedgerSearcher(desk, brief(resources=resources), Room(resources, lambda: nodes, grow))
    for number in range(3):
        desk.answered(assignment(number))
        searcher.suggest("has room")
        searcher.suggest("has none")
    assert (desk.running, len(nodes)) == (3, 3)


def test_no_room_is_wished_for_beyond_what_the_sweep_may_run_at_once(
    desk: Desk, brief: Callable[..., Any], assignment: Callable[..., Any], wishes: list[int]
) -> None:
    resources = Resources(max_concurrent=1)
    room = Room(resources, lambda: [{"CPU": 1.0}], lambda bundles: wishes.append(len(bundles)))
    searcher = LedgerSearcher(desk, brief(resources=resources), room)
    desk.answered(assignment(0))
    searcher.suggest("a")
    searcher.suggest("b")
    assert wishes == [1]


@pytest.mark.parametrize("answer", [Wait(seconds=5), Finished()])
def test_the_wish_is_taken_back_once_the_ledger_has_no_more(
    growing: LedgerSearcher,
    desk: Desk,
    assignment: Callable[..., Any],
    completed: Callable[[str], Any],
    wishes: list[int],
    answer: Any,
) -> None:
    desk.answered(assignment(0))
    name = growing.suggest("a")["tune_trial_id"]
    growing.suggest("b")
    desk.record(completed(name))
    desk.answered(answer)
    growing.suggest("c")
    assert wishes == [2, 0]


def test_a_cluster_that_is_full_again_is_wished_nothing_while_the_ledger_has_no_more(
    desk: Desk, brief: Callable[..., Any], assignment: Callable[..., Any], wishes: list[int]
) -> None:
    nodes, resources = [{"CPU": 2.0}], Resources(max_concurrent=4)
    room = Room(resources, lambda: nodes, lambda bundles: wishes.append(len(bundles)))
    searcher = LedgerSearcher(desk, brief(resources=resources), room)
    desk.answered(assignment(0))
    searcher.suggest("a")
    desk.answered(Wait(seconds=60))
    searcher.suggest("b")
    nodes[:] = [{"CPU": 1.0}]
    searcher.suggest("c")
    assert wishes == [0]


def test_without_room_for_a_trial_none_is_asked_for_while_the_cluster_may_grow(
    cramped: LedgerSearcher, desk: Desk
) -> None:
    assert cramped.suggest("a") is None
    assert desk.ask_wanted_at == NEVER


def test_without_room_for_ever_every_trial_is_infeasible_with_what_is_lacking(
    cramped: LedgerSearcher, desk: Desk, assignment: Callable[..., Any], clock: Any
) -> None:
    cramped.suggest("a")
    clock.turn(GROWTH_SECONDS + 1)
    desk.answered(assignment())
    assert cramped.suggest("b") is None
    [ending] = desk.next_report().outcomes
    assert (ending.outcome, ending.attempt_device_seconds) == (Outcome.INFEASIBLE, 0.0)
    assert ending.reason == "a trial needs 2 × (1 CPU), the nodes of the cluster hold 1 of these"


def test_a_drained_runner_does_not_wait_for_room(cramped: LedgerSearcher, desk: Desk) -> None:
    desk.delivered(desk.next_report(), ReportAnswer(drain=True))
    assert cramped.suggest("a") == Searcher.FINISHED
