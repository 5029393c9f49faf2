"""The client against the real service over HTTP, and against one that fails as a script tells it to."""

import socket

import pytest
from fakes.running_service import RunningService
from fakes.scripted_service import Answer, ScriptedService

from search_spaces.presets import PRESETS, digits_smoke
from search_spaces.presets.vary import vary
from service.client.client import SupsweepClient
from service.client.failures import ApiError, ServiceUnreachable
from service.lifecycle import SweepState
from service.schemas.sweeps import SweepPage, SweepSummary

NO_DATABASE = Answer(
    '{"title": "Database unavailable", "status": 503, "detail": "it restarts", "code": "database_unavailable"}', 503
)


@pytest.fixture(scope="module")
def cancelled_sweep(service: RunningService) -> str:
    """Id of a sweep that has finished."""
    with SupsweepClient(service.url, service.api_key) as client:
        sweep = client.create_sweep(digits_smoke())
        client.cancel_sweep(sweep.id)
        list(client.events(sweep.id))
    return sweep.id


def test_created_sweep_is_the_one_that_is_got(client: SupsweepClient) -> None:
    created = client.create_sweep(digits_smoke())
    assert client.get_sweep(created.id).spec == digits_smoke()
    assert created.trials == 4


def test_sweep_of_a_plain_document_equals_that_of_its_spec(client: SupsweepClient) -> None:
    document = digits_smoke().model_dump(mode="json", exclude_defaults=True)
    assert client.create_sweep(document).spec == digits_smoke()


def test_same_idempotency_key_makes_one_sweep(client: SupsweepClient) -> None:
    first, second = (client.create_sweep(digits_smoke(), idempotency_key="once") for _ in range(2))
    assert first.id == second.id


def test_two_submissions_without_a_key_make_two_sweeps(client: SupsweepClient) -> None:
    first, second = (client.create_sweep(digits_smoke()) for _ in range(2))
    assert first.id != second.id


def test_list_of_sweeps_goes_on_over_pages(
    client: SupsweepClient, impatient: SupsweepClient, scripted: ScriptedService
) -> None:
    first, second = (SweepSummary.model_validate(client.create_sweep(digits_smoke()).model_dump()) for _ in range(2))
    pages = [SweepPage(items=[second], next_cursor="next"), SweepPage(items=[first], next_cursor=None)]
    scripted.answers("GET", "/v1/sweeps", *(Answer(page.model_dump_json()) for page in pages))
    assert list(impatient.list_sweeps(name="digits-smoke")) == [second, first]
    queries = ["/v1/sweeps?name=digits-smoke", "/v1/sweeps?name=digits-smoke&cursor=next"]
    assert [request.path for request in scripted.requests] == queries


def test_list_of_sweeps_is_newest_first(client: SupsweepClient) -> None:
    spec = vary(digits_smoke(), name="newest-first")
    created = [client.create_sweep(spec).id for _ in range(3)]
    assert [sweep.id for sweep in client.list_sweeps(name="newest-first")] == created[::-1]


def test_list_of_sweeps_filters_by_state(client: SupsweepClient, cancelled_sweep: str) -> None:
    states = {sweep.id: sweep.state for sweep in client.list_sweeps(state=SweepState.CANCELLED)}
    assert states[cancelled_sweep] is SweepState.CANCELLED
    assert set(states.values()) == {SweepState.CANCELLED}


def test_list_of_trials_goes_on_over_pages(client: SupsweepClient) -> None:
    sweep = client.create_sweep(vary(digits_smoke(), design={"configurations": 64}))
    assert [trial.number for trial in client.list_trials(sweep.id)] == list(range(128))


def test_events_of_a_sweep_end_with_its_last_one(client: SupsweepClient, cancelled_sweep: str) -> None:
    events = list(client.events(cancelled_sweep))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events[-1].data["new"] == "cancelled"


def test_events_continue_after_a_sequence(client: SupsweepClient, cancelled_sweep: str) -> None:
    assert list(client.events(cancelled_sweep, after=3)) == list(client.events(cancelled_sweep))[3:]


def test_report_that_is_not_ready_is_refused_by_code(client: SupsweepClient) -> None:
    sweep = client.create_sweep(digits_smoke())
    with pytest.raises(ApiError) as caught:
        client.report(sweep.id)
    assert caught.value.problem.code == "report_not_ready"


def test_presets_are_those_of_the_vocabulary(client: SupsweepClient) -> None:
    assert {preset.name for preset in client.presets()} == set(PRESETS)
    assert client.preset("digits_smoke").spec == digits_smoke()


def test_bad_spec_is_refused_with_field_value_and_what_is_accepted(client: SupsweepClient) -> None:
    document = digits_smoke().model_dump(mode="json", exclude_defaults=True) | {"dataset": {"name": "cats"}}
    with pytest.raises(ApiError, match=r"cats.*accepted") as caught:
        client.create_sweep(document)
    assert caught.value.problem.errors[0].pointer == "/dataset/name"


def test_unknown_sweep_is_refused(client: SupsweepClient) -> None:
    with pytest.raises(ApiError, match="no sweep 'abc'"):
        client.get_sweep("abc")


def test_wrong_key_is_refused(service: RunningService) -> None:
    with SupsweepClient(service.url, "sws_no_key") as client, pytest.raises(ApiError) as caught:
        client.presets()
    assert caught.value.problem.status == 401


@pytest.mark.parametrize(("form", "media_type"), [("json", "application/json"), ("html", "text/html")])
def test_report_is_asked_for_in_its_format(
    impatient: SupsweepClient, scripted: ScriptedService, form: str, media_type: str
) -> None:
    scripted.answers("GET", "/v1/sweeps/abc/report", Answer("as it is"))
    assert impatient.report("abc", form) == "as it is"  # type: ignore[arg-type]
    assert scripted.requests[0].headers["Accept"] == media_type


def test_submission_whose_answer_is_lost_is_repeated_with_the_same_key(
    client: SupsweepClient, patient: SupsweepClient, scripted: ScriptedService
) -> None:
    answer = Answer(client.create_sweep(digits_smoke()).model_dump_json(), 201)
    scripted.answers("POST", "/v1/sweeps", Answer(status=0), Answer(answer.body, 201, breaks_off=True), answer)
    patient.create_sweep(digits_smoke())
    keys = [request.headers["Idempotency-Key"] for request in scripted.requests]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_call_is_repeated_while_the_database_is_away(
    client: SupsweepClient, patient: SupsweepClient, scripted: ScriptedService
) -> None:
    sweep = client.create_sweep(digits_smoke())
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", NO_DATABASE, Answer(sweep.model_dump_json()))
    assert patient.get_sweep(sweep.id) == sweep


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Fri, 27 Nov 2026 06:00:00 GMT", 0.0), (None, 0.0)])
def test_refusal_tells_when_to_ask_again(
    impatient: SupsweepClient, scripted: ScriptedService, header: str | None, seconds: float
) -> None:
    headers = {"Retry-After": header} if header else {}
    scripted.answers("GET", "/v1/sweeps/abc", Answer(NO_DATABASE.body, 503, headers=headers))
    with pytest.raises(ApiError) as caught:
        impatient.get_sweep("abc")
    assert caught.value.retry_after_seconds == seconds


def test_database_that_stays_away_is_told_when_the_patience_ends(
    impatient: SupsweepClient, scripted: ScriptedService
) -> None:
    scripted.answers("GET", "/v1/sweeps/abc", NO_DATABASE)
    with pytest.raises(ApiError, match="it restarts"):
        impatient.get_sweep("abc")


@pytest.mark.parametrize("answer", [Answer("<h1>Bad gateway</h1>", 502), Answer("<h1>Welcome</h1>", 200)])
def test_answer_of_another_program_is_told_with_the_url(
    impatient: SupsweepClient, scripted: ScriptedService, answer: Answer
) -> None:
    scripted.answers("GET", "/v1/sweeps/abc", answer)
    with pytest.raises(ServiceUnreachable, match=f"{scripted.url}.*{answer.status}.*not as supsweep"):
        impatient.get_sweep("abc")


def test_url_where_nothing_listens_is_told_with_what_to_do() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with (
            SupsweepClient(url, "sws_1_2", patience_seconds=0) as client,
            pytest.raises(ServiceUnreachable, match=f"nothing answers at {url}.*supsweep up"),
        ):
            client.presets()


def test_proxy_of_the_environment_is_not_asked_for_this_machine(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with SupsweepClient(service.url, service.api_key, patience_seconds=0) as client:
        assert client.presets()


GONE = Answer('{"title": "Not found", "status": 404, "detail": "no cluster \'east\'", "code": "not_found"}', 404)


def test_delete_whose_answer_was_lost_is_not_told_that_nothing_is_there(
    patient: SupsweepClient, scripted: ScriptedService
) -> None:
    scripted.answers("DELETE", "/v1/clusters/east", Answer(status=0), GONE)
    patient.delete_cluster("east")
    assert len(scripted.requests) == 2


def test_delete_of_what_never_was_is_refused(patient: SupsweepClient, scripted: ScriptedService) -> None:
    scripted.answers("DELETE", "/v1/clusters/east", GONE)
    with pytest.raises(ApiError, match="no cluster 'east'"):
        patient.delete_cluster("east")


def test_a_change_holds_only_for_the_sweep_that_was_seen(client: SupsweepClient) -> None:
    seen = client.create_sweep(digits_smoke())
    assert client.get_sweep(seen.id).etag == seen.etag
    changed = client.change_sweep(seen.id, {"priority": 1}, if_match=seen.etag)
    assert changed.etag != seen.etag
    for late in (
        lambda: client.change_sweep(seen.id, {"priority": 2}, if_match=seen.etag),
        lambda: client.delete_sweep(seen.id, if_match=seen.etag),
    ):
        with pytest.raises(ApiError) as refused:
            late()
        assert refused.value.problem.code == "precondition_failed"
    assert client.get_sweep(seen.id).spec.priority == 1
