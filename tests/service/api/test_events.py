"""/v1/sweeps/{id}/events: a page, a stream, and a stream that goes on where it broke off."""

import httpx
import pytest
from fakes.ledger import World, small_spec

from service.db import sweeps
from service.ledger.sweeps import move
from service.lifecycle import SweepState

DOCUMENT = small_spec().model_dump(mode="json", exclude_defaults=True)


async def cancelled_sweep(api: httpx.AsyncClient, world: World) -> str:
    """Path of a sweep that has finished, so that its stream ends."""
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    await api.post(f"{place}/cancel")
    async with world.database.write() as session:
        sweep = await sweeps.find(session, place.rpartition("/")[2], lock=True)
        assert sweep is not None
        await move(session, sweep, SweepState.CANCELLED, world.clock())
    return place


async def test_page_continues_after_a_sequence(api: httpx.AsyncClient, world: World) -> None:
    place = await cancelled_sweep(api, world)
    json = {"Accept": "application/json"}
    whole = (await api.get(f"{place}/events", headers=json)).json()
    rest = (await api.get(f"{place}/events", headers=json | {"Last-Event-ID": "3"})).json()
    assert [event["sequence"] for event in whole["items"]] == list(range(1, whole["last_sequence"] + 1))
    assert rest["items"] == whole["items"][3:]


async def test_stream_of_a_finished_sweep_ends_after_its_last_event(api: httpx.AsyncClient, world: World) -> None:
    place = await cancelled_sweep(api, world)
    answer = await api.get(f"{place}/events", headers={"Last-Event-ID": "2"})
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    blocks = [block for block in answer.text.split("\n\n") if block]
    assert "id: 3" in blocks[0]
    assert '"new":"cancelled"' in blocks[-1]


@pytest.mark.parametrize("last", ["-1", "2147483648", "9" * 30, "x"])
async def test_a_sequence_that_no_event_has_is_a_problem(api: httpx.AsyncClient, world: World, last: str) -> None:
    place = await cancelled_sweep(api, world)
    json = {"Accept": "application/json"}
    answers = [
        await api.get(f"{place}/events", headers=json | {"Last-Event-ID": last}),
        await api.get(f"{place}/events", headers=json, params={"after": last}),
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert (await api.get(f"{place}/events", headers=json, params={"after": 2**31 - 1})).json()["items"] == []
