"""/v1/sweeps/{id}/logs as its callers see it."""

import asyncio

import httpx
import pytest
from fakes.ledger import World

from service.api import logs as logs_api
from service.client.event_stream import read_stream
from service.clusters.protocol import JobSubmission
from service.db import sweeps
from service.lifecycle import SweepState
from service.schemas.logs import LogPiece


async def test_logs_are_plain_text_of_all_runners(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    runner = (await world.open_runner(sweep_id)).opened
    await world.cluster.submit(JobSubmission(runner.submission_id, "python", {}, {}))
    world.cluster.prints(runner.submission_id, f"one \ud800\n{runner.token}\n")
    answer = await api.get(f"/v1/sweeps/{sweep_id}/logs")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text == f"==> runner {runner.runner_id} on cluster local, submitting <==\none ?\n<redacted>\n"


async def test_a_sweep_without_runners_has_no_logs(api: httpx.AsyncClient, world: World) -> None:
    assert (await api.get(f"/v1/sweeps/{await world.create()}/logs")).text == ""


async def test_an_unknown_runner_is_a_problem(api: httpx.AsyncClient, world: World) -> None:
    answer = await api.get(f"/v1/sweeps/{await world.create()}/logs?runner=x")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "none yet" in answer.json()["detail"]


async def test_following_a_finished_sweep_ends(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    await api.post(f"/v1/sweeps/{sweep_id}/cancel")
    async with world.database.write() as session:
        sweep = await sweeps.find(session, sweep_id, lock=True)
        assert sweep is not None
        sweep.state = SweepState.CANCELLED
    assert (await api.get(f"/v1/sweeps/{sweep_id}/logs?follow=true")).status_code == 200


async def test_a_stream_goes_on_after_the_event_that_is_named_and_says_when_it_is_over(
    api: httpx.AsyncClient, world: World
) -> None:
    sweep_id = await world.create()
    runner = (await world.open_runner(sweep_id)).opened
    await world.cluster.submit(JobSubmission(runner.submission_id, "python", {}, {}))
    world.cluster.prints(runner.submission_id, "one \ud800\r\n")
    place, wanted = f"/v1/sweeps/{sweep_id}/logs", {"Accept": "text/event-stream"}
    answer = await api.get(place, headers=wanted)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    piece, end = read_stream([answer.content])
    header = f"==> runner {runner.runner_id} on cluster local, submitting <==\n"
    assert LogPiece.model_validate_json(piece.data).text == f"{header}one ?\r\n"
    assert (piece.kind, end.kind) == ("log", "end")
    world.cluster.prints(runner.submission_id, "two\n")
    piece, end = read_stream([(await api.get(place, headers=wanted | {"Last-Event-ID": piece.id})).content])
    assert (LogPiece.model_validate_json(piece.data).text, end.kind) == ("two\n", "end")
    assert (await api.get(place, headers={"Last-Event-ID": piece.id})).text == ""


@pytest.mark.parametrize("position", ["x", "1;2", "1;2;3:", "-1;0;", "1;0;1:2,", "9" * 10 + ";0;"])
async def test_a_position_that_is_none_is_refused(api: httpx.AsyncClient, world: World, position: str) -> None:
    place = f"/v1/sweeps/{await world.create()}/logs"
    answer = await api.get(place, headers={"Accept": "text/event-stream", "Last-Event-ID": position})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_silent_stream_shows_that_it_is_alive(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs_api, "KEEPALIVE_SECONDS", 0.01)
    sweep_id = await world.create()
    stopping = api._transport.app.state.parts.loops.stopping  # type: ignore[attr-defined]
    asyncio.get_running_loop().call_later(0.3, stopping.set)
    place = f"/v1/sweeps/{sweep_id}/logs?follow=true"
    answer = await api.get(place, headers={"Accept": "text/event-stream"})
    assert answer.text.startswith(": alive\n\n: alive\n\n")
    assert "end" not in answer.text, "who follows goes on elsewhere"


async def test_logs_of_somebody_else_are_404(api: httpx.AsyncClient, world: World, stranger: dict[str, str]) -> None:
    assert (await api.get(f"/v1/sweeps/{await world.create()}/logs", headers=stranger)).status_code == 404
