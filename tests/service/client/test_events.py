"""Events over connections that break: every event comes once, in order, until the sweep has finished."""

from datetime import UTC, datetime

import pytest
from fakes.running_service import RunningService
from fakes.scripted_service import Answer, ScriptedService

from search_spaces.presets import digits_smoke
from service.client.client import SupsweepClient
from service.client.failures import ApiError, ServiceUnreachable
from service.lifecycle import SweepState
from service.schemas.events import EventView

EVENTS = "/v1/sweeps/abc/events"


def block(sequence: int) -> str:
    """One event as the service writes it."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    event = EventView(sequence=sequence, kind="trial.lost", at=at, data={"reason": "a\u2028b"})
    return f"event: {event.kind}\ndata: {event.model_dump_json()}\nid: {sequence}\n\n"


def last_ids(scripted: ScriptedService) -> list[str]:
    """After which event each connection asked."""
    return [request.headers["Last-Event-ID"] for request in scripted.requests_of("GET", EVENTS)]


@pytest.fixture(scope="module")
def states(service: RunningService) -> dict[SweepState, Answer]:
    """The answer about a sweep in each state."""
    with SupsweepClient(service.url, service.api_key) as client:
        sweep = client.create_sweep(digits_smoke())
    return {state: Answer(sweep.model_copy(update={"state": state}).model_dump_json()) for state in SweepState}


@pytest.fixture
def running_then_succeeded(scripted: ScriptedService, states: dict[SweepState, Answer]) -> None:
    """A sweep that has succeeded when it is looked at for the second time."""
    scripted.answers("GET", "/v1/sweeps/abc", states[SweepState.RUNNING], states[SweepState.SUCCEEDED])


@pytest.mark.usefixtures("running_then_succeeded")
def test_broken_stream_goes_on_after_the_last_whole_event(patient: SupsweepClient, scripted: ScriptedService) -> None:
    broken = block(1) + block(2) + block(3)[:40]
    scripted.answers("GET", EVENTS, Answer(broken, breaks_off=True), Answer(": alive\n\n" + block(3) + block(4)))
    assert [event.sequence for event in patient.events("abc")] == [1, 2, 3, 4]
    assert last_ids(scripted) == ["0", "2"]


@pytest.mark.usefixtures("running_then_succeeded")
def test_stream_that_ends_before_the_sweep_is_opened_again(patient: SupsweepClient, scripted: ScriptedService) -> None:
    scripted.answers("GET", EVENTS, Answer(block(1)), Answer(block(2)))
    assert [event.sequence for event in patient.events("abc")] == [1, 2]


@pytest.mark.usefixtures("running_then_succeeded")
def test_stream_is_opened_again_when_the_database_was_away(patient: SupsweepClient, scripted: ScriptedService) -> None:
    away = Answer('{"title": "-", "status": 503, "detail": "-", "code": "database_unavailable"}', 503)
    scripted.answers("GET", EVENTS, away, Answer(block(1)))
    assert [event.sequence for event in patient.events("abc")] == [1]


def test_stream_of_a_finished_sweep_is_read_once(
    patient: SupsweepClient, scripted: ScriptedService, states: dict[SweepState, Answer]
) -> None:
    scripted.answers("GET", "/v1/sweeps/abc", states[SweepState.FAILED])
    scripted.answers("GET", EVENTS, Answer(block(7)))
    assert [event.sequence for event in patient.events("abc", after=6)] == [7]
    assert last_ids(scripted) == ["6"]


def test_line_separators_within_an_event_do_not_end_it(
    patient: SupsweepClient, scripted: ScriptedService, states: dict[SweepState, Answer]
) -> None:
    scripted.answers("GET", "/v1/sweeps/abc", states[SweepState.FAILED])
    scripted.answers("GET", EVENTS, Answer(block(1)))
    assert next(patient.events("abc")).data["reason"] == "a\u2028b"


def test_stream_that_always_breaks_is_told_when_the_patience_ends(
    impatient: SupsweepClient, scripted: ScriptedService, states: dict[SweepState, Answer]
) -> None:
    scripted.answers("GET", "/v1/sweeps/abc", states[SweepState.RUNNING])
    scripted.answers("GET", EVENTS, Answer("", breaks_off=True))
    with pytest.raises(ServiceUnreachable, match=scripted.url):
        list(impatient.events("abc"))


def test_events_of_a_sweep_that_is_not_there_are_refused_at_once(
    patient: SupsweepClient, scripted: ScriptedService
) -> None:
    with pytest.raises(ApiError, match="not scripted"):
        list(patient.events("abc"))
    assert len(scripted.requests) == 1
