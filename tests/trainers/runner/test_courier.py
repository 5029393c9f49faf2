"""The courier, step by step on a clock that stands still, and its thread against real HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from search_spaces.runner_protocol import RunnerBrief, StepResult, TrialAssignment, TrialEnding
from trainers.runner.courier import Courier
from trainers.runner.departure import Cause, Departure
from trainers.runner.desk import GATHER_SECONDS, Desk, Offer
from trainers.runner.ledger_client import LedgerClient, RunnerRefused


class Wired:
    """A courier with everything around it; `carry` makes the due calls without the thread."""

    def __init__(self, brief: RunnerBrief, clock: Any, ledger: Any) -> None:
        self.clock, self.ledger = clock, ledger
        self.desk, self.departure = Desk(clock), Departure()
        self.courier = Courier(
            self.desk,
            LedgerClient(brief, "the-token"),
            self.departure,
            heartbeat_seconds=brief.heartbeat_seconds,
            patience_seconds=brief.patience_seconds,
            now=clock,
        )

    def carry(self, after_seconds: float = 0.0) -> None:
        self.clock.turn(after_seconds)
        self.courier.carry_due()

    def take(self) -> str:
        """Name of a trial that is asked for and taken."""
        self.desk.take_trial(0)
        self.carry()
        offer = self.desk.take_trial(0)
        assert isinstance(offer, Offer), offer
        return offer.tune_trial_id


@pytest.fixture
def wired(brief: Callable[..., RunnerBrief], clock: Any, ledger: Any) -> Wired:
    return Wired(brief(), clock, ledger)


def test_a_heartbeat_goes_out_after_the_silence_and_not_before(wired: Wired) -> None:
    wired.carry(after_seconds=4.9)
    assert wired.ledger.tries == []
    wired.carry(after_seconds=0.2)
    assert [report["sequence"] for report in wired.ledger.reports] == [1]


def test_results_are_a_heartbeat(
    wired: Wired, assignment: Callable[..., TrialAssignment], step: Callable[..., StepResult]
) -> None:
    wired.ledger.plan(assignment())
    name = wired.take()
    wired.clock.turn(4.0)
    wired.desk.record(step(name))
    wired.carry(after_seconds=GATHER_SECONDS)
    wired.carry(after_seconds=1.0)
    assert len(wired.ledger.reports) == 1


def test_an_ending_is_delivered_before_the_next_ask(
    wired: Wired, assignment: Callable[..., TrialAssignment], completed: Callable[[str], TrialEnding]
) -> None:
    wired.ledger.max_concurrent = 1
    wired.ledger.plan(assignment(0), assignment(1))
    name = wired.take()
    wired.desk.take_trial(0)
    wired.carry()
    assert wired.desk.take_trial(0) is None, "the ledger says to wait"
    wired.desk.record(completed(name))
    wired.carry()
    assert isinstance(wired.desk.take_trial(0), Offer)


@pytest.mark.parametrize("fault", ["drop", "lose", "500"])
def test_a_failed_report_is_tried_again_identically_and_counted_once(
    wired: Wired,
    assignment: Callable[..., TrialAssignment],
    completed: Callable[[str], TrialEnding],
    step: Callable[..., StepResult],
    fault: str,
) -> None:
    wired.ledger.plan(assignment(0), assignment(1))
    first, second = wired.take(), wired.take()
    wired.desk.record(completed(first))
    wired.ledger.faults.extend([fault, fault])
    wired.carry()
    wired.desk.record(step(second))
    for _ in range(4):
        wired.carry(after_seconds=1.0)
    tries = wired.ledger.tries
    assert tries[0] == tries[1] == tries[2]
    assert [report["sequence"] for report in wired.ledger.reports] == [1, 2]
    assert wired.ledger.numbers("outcomes") == [0]
    assert wired.ledger.numbers("results") == [1]


def test_a_lost_answer_to_an_ask_gives_the_same_trial(wired: Wired, assignment: Callable[..., TrialAssignment]) -> None:
    wired.ledger.plan(assignment(0), assignment(1))
    wired.ledger.faults.append("lose")
    wired.desk.take_trial(0)
    wired.carry()
    assert wired.desk.take_trial(0) is None
    wired.carry(after_seconds=1.0)
    assert wired.desk.take_trial(0) == Offer(wired.ledger.asks[0], assignment(0))
    assert wired.ledger.asks[0] == wired.ledger.asks[1]


def test_nothing_is_asked_while_reports_do_not_arrive(
    wired: Wired, assignment: Callable[..., TrialAssignment], completed: Callable[[str], TrialEnding]
) -> None:
    wired.ledger.plan(assignment(0), assignment(1))
    name = wired.take()
    asks = len(wired.ledger.asks)
    wired.desk.take_trial(0)
    wired.desk.record(completed(name))
    wired.ledger.faults.append("500")
    wired.carry()
    assert len(wired.ledger.asks) == asks


def test_asks_that_fail_do_not_keep_heartbeats_away(wired: Wired, ledger: Any) -> None:
    counted = ledger.answer
    ledger.answer = lambda path, *rest: (500, {}) if path.endswith("ask") else counted(path, *rest)
    wired.desk.take_trial(0)
    for _ in range(20):
        wired.carry(after_seconds=1.0)
    assert len(wired.ledger.reports) == 4
    assert wired.departure.cause is None


def test_patience_ends_after_silence_and_not_before(wired: Wired) -> None:
    wired.ledger.is_away = True
    wired.carry(after_seconds=59.0)
    assert wired.departure.cause is None
    wired.carry(after_seconds=11.0)
    assert wired.departure.cause is Cause.UNREACHABLE


def test_an_answer_renews_the_patience(wired: Wired) -> None:
    wired.ledger.is_away = True
    wired.carry(after_seconds=59.0)
    wired.ledger.is_away = False
    wired.carry(after_seconds=1.0)
    wired.ledger.is_away = True
    wired.carry(after_seconds=59.0)
    assert wired.departure.cause is None


def test_a_fenced_runner_is_told_by_the_next_call(wired: Wired) -> None:
    wired.ledger.is_fenced = True
    with pytest.raises(RunnerRefused):
        wired.carry(after_seconds=5.0)


def test_last_words_are_tried_once(
    wired: Wired, assignment: Callable[..., TrialAssignment], step: Callable[..., StepResult]
) -> None:
    wired.ledger.plan(assignment(3))
    name = wired.take()
    wired.desk.record(step(name))
    wired.ledger.faults.append("500")
    wired.carry(after_seconds=GATHER_SECONDS)
    wired.desk.close("told to stop")
    wired.courier.deliver_last_words()
    assert wired.desk.is_done
    assert (wired.ledger.numbers("results"), wired.ledger.numbers("lost")) == ([3], [3])


def test_last_words_to_nobody_end(wired: Wired, assignment: Callable[..., TrialAssignment]) -> None:
    wired.ledger.plan(assignment(3))
    wired.take()
    wired.ledger.is_away = True
    wired.desk.close("told to stop")
    wired.courier.deliver_last_words()
    assert len(wired.ledger.tries) == 1


@pytest.fixture
def threaded(brief: Callable[..., RunnerBrief], ledger: Any) -> Callable[..., tuple[Desk, Departure, Courier]]:
    """Starts a courier's thread on the real clock."""

    def start(**changes: float) -> tuple[Desk, Departure, Courier]:
        wanted = brief(**changes)
        desk, departure = Desk(), Departure()
        courier = Courier(
            desk,
            LedgerClient(wanted, "the-token"),
            departure,
            heartbeat_seconds=wanted.heartbeat_seconds,
            patience_seconds=wanted.patience_seconds,
        )
        courier.start()
        return desk, departure, courier

    return start


def test_a_closed_desk_is_emptied_through_every_trouble_before_the_thread_ends(
    threaded: Callable[..., tuple[Desk, Departure, Courier]],
    ledger: Any,
    assignment: Callable[..., TrialAssignment],
    completed: Callable[[str], TrialEnding],
) -> None:
    ledger.plan(*[assignment(number) for number in range(5)])
    ledger.faults.extend(["lose", "500", "drop", "lose", "503"])
    desk, departure, courier = threaded()
    offers = [desk.take_trial(30) for _ in range(2)]
    for offer in offers:
        assert isinstance(offer, Offer)
        desk.record(completed(offer.tune_trial_id))
    ledger.faults.extend(["lose", "drop", "500"])
    desk.close("the end")
    courier.join(30)
    assert desk.is_done
    assert departure.cause is None
    assert ledger.numbers("outcomes") == [0, 1]
    assert [report["sequence"] for report in ledger.reports] == list(range(1, len(ledger.reports) + 1))


def test_the_thread_of_a_fenced_runner_decides_to_leave(
    threaded: Callable[..., tuple[Desk, Departure, Courier]], ledger: Any
) -> None:
    ledger.is_fenced = True
    _desk, departure, courier = threaded(heartbeat_seconds=0.01)
    courier.join(30)
    assert departure.cause is Cause.REFUSED


def test_the_thread_decides_to_leave_when_patience_is_over(
    threaded: Callable[..., tuple[Desk, Departure, Courier]], ledger: Any
) -> None:
    ledger.is_away = True
    _desk, departure, courier = threaded(heartbeat_seconds=0.01, patience_seconds=0.05)
    courier.join(30)
    assert departure.cause is Cause.UNREACHABLE


def test_a_crashed_courier_ends_the_runner(brief: Callable[..., RunnerBrief]) -> None:
    def crash(_request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    departure = Departure()
    ledger = LedgerClient(brief(), "the-token", transport=httpx.MockTransport(crash))
    courier = Courier(Desk(), ledger, departure, heartbeat_seconds=0.01, patience_seconds=60)
    courier.start()
    courier.join(30)
    assert departure.cause is Cause.BROKEN
