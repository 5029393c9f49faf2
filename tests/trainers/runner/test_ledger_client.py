"""The ledger client against a real HTTP server: what is an answer, what is worth another try, and what is not."""

from collections.abc import Callable
from typing import Any

import pytest

from search_spaces.runner_protocol import (
    AskRequest,
    Finished,
    ReportAnswer,
    ReportRequest,
    RunnerBrief,
    TrialAssignment,
)
from trainers.runner.ledger_client import LedgerClient, RunnerRefused, ServiceUnreachable

ASK = AskRequest(tune_trial_id="a")
REPORT = ReportRequest(sequence=1)


@pytest.fixture
def client(brief: Callable[..., RunnerBrief]) -> LedgerClient:
    return LedgerClient(brief(), "the-token")


def test_an_ask_is_answered_with_a_trial_and_the_same_again(
    client: LedgerClient, ledger: Any, assignment: Callable[..., TrialAssignment]
) -> None:
    ledger.plan(assignment(3), assignment(4))
    assert client.ask(ASK) == assignment(3)
    assert client.ask(ASK) == assignment(3)


def test_an_ask_hears_that_there_is_nothing_more(client: LedgerClient, ledger: Any) -> None:
    assert client.ask(ASK) == Finished()


def test_the_token_goes_with_every_call(client: LedgerClient, ledger: Any) -> None:
    client.ask(ASK)
    client.report(REPORT)
    assert ledger.tokens == {"Bearer the-token"}


def test_a_report_is_answered(client: LedgerClient, ledger: Any) -> None:
    ledger.is_draining = True
    assert client.report(REPORT) == ReportAnswer(drain=True)


@pytest.mark.parametrize("fault", ["drop", "lose", "500", "502", "503", "507", "429", "408"])
def test_no_answer_and_trouble_of_the_service_are_worth_another_try(
    client: LedgerClient, ledger: Any, fault: str
) -> None:
    ledger.faults.append(fault)
    with pytest.raises(ServiceUnreachable):
        client.report(REPORT)
    assert client.report(REPORT) == ReportAnswer()


@pytest.mark.parametrize("status", ["401", "403", "404", "409", "422"])
def test_a_refusal_is_final_and_its_sentence_is_kept(client: LedgerClient, ledger: Any, status: str) -> None:
    ledger.faults.append(status)
    with pytest.raises(RunnerRefused, match=f"{status}.*played"):
        client.ask(ASK)


def test_a_fenced_runner_is_refused(client: LedgerClient, ledger: Any) -> None:
    ledger.is_fenced = True
    with pytest.raises(RunnerRefused, match="runner_fenced"):
        client.report(REPORT)


def test_nobody_listening_is_no_answer(brief: Callable[..., RunnerBrief]) -> None:
    client = LedgerClient(brief(service_url="http://127.0.0.1:9"), "the-token")
    with pytest.raises(ServiceUnreachable, match="no answer to /ask"):
        client.ask(ASK)


def test_something_else_that_answers_is_no_answer(client: LedgerClient, ledger: Any) -> None:
    ledger.answer = lambda *_: (200, {"kind": "welcome to the proxy"})
    with pytest.raises(ServiceUnreachable, match="not of the runner protocol"):
        client.ask(ASK)
