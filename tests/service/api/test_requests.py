"""Every request has an id, a line in the log and a place in the metrics; a bug is an answer with the id to look for."""

import logging

import httpx
import pytest
from fakes.ledger import World, small_spec

from service.operations import sweeps

DOCUMENT = small_spec().model_dump(mode="json", exclude_defaults=True)


def request_lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "service.api.requests"]


async def test_id_of_the_caller_comes_back(api: httpx.AsyncClient) -> None:
    answer = await api.get("/healthz", headers={"X-Request-ID": "my-id.1"})
    assert answer.headers["X-Request-ID"] == "my-id.1"


@pytest.mark.parametrize("sent", ["", "with space", "x" * 65, 'a"b', "ä".encode()])
async def test_id_that_could_spoil_a_log_is_replaced(api: httpx.AsyncClient, sent: str | bytes) -> None:
    given = (await api.get("/healthz", headers=[(b"X-Request-ID", sent)])).headers["X-Request-ID"]  # type: ignore[list-item]
    assert len(given) == 16
    assert given.isalnum()


async def test_problem_names_the_request(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/sweeps/nothing", headers={"X-Request-ID": "mine"})
    assert answer.status_code == 404
    assert answer.json()["request_id"] == "mine"
    assert (await api.get("/no/such/path", headers={"X-Request-ID": "mine"})).json()["request_id"] == "mine"


async def test_one_line_tells_route_status_and_key_and_no_secret(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await api.get("/v1/sweeps/nothing", params={"secret": "hush"})
    (line,) = request_lines(caplog)
    assert (line.method, line.route, line.status) == ("GET", "/v1/sweeps/{sweep_id}", 404)  # type: ignore[attr-defined]
    assert line.seconds > 0  # type: ignore[attr-defined]
    _prefix, key_id, secret = api.headers["Authorization"].split("_")
    assert line.key == key_id  # type: ignore[attr-defined]
    everything = str([record.__dict__ for record in caplog.records if record.name != "httpx"])
    assert secret not in everything
    assert "hush" not in everything


async def test_probes_are_told_to_debuggers_only(api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await api.get("/healthz")
    assert request_lines(caplog) == []


async def test_bug_is_a_problem_with_the_id_under_which_the_log_has_its_traceback(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_arguments: object, **_keywords: object) -> None:
        raise RuntimeError("wires crossed")

    monkeypatch.setattr(sweeps, "list_sweeps", broken)
    answer = await api.get("/v1/sweeps", headers={"X-Request-ID": "crash-1"})
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "crash-1"
    assert answer.json()["code"] == "internal_error"
    assert "wires" not in answer.text
    assert "RuntimeError: wires crossed" in caplog.text


async def test_latency_is_counted_by_template_not_by_path(api: httpx.AsyncClient, world: World) -> None:
    for name in ("one", "two"):
        await api.get(f"/v1/sweeps/{name}")
    await api.get("/no/such/path/at/all")
    await api.request("BREW", "/healthz")
    text = (await api.get("/metrics")).text
    count = "supsweep_http_request_duration_seconds_count"
    assert f'{count}{{method="GET",route="/v1/sweeps/{{sweep_id}}",status="404"}} 2.0' in text
    assert f'{count}{{method="GET",route="unknown",status="404"}} 1.0' in text
    assert f'{count}{{method="other",' in text
    assert "BREW" not in text
