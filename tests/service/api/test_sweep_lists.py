"""GET /v1/sweeps: filters by label, and a number of queries that does not grow with the page."""

import httpx
import pytest
from fakes.ledger import World, small_spec
from fakes.many_trials import write_ended_trials
from fakes.statements import sent_statements


async def ids(api: httpx.AsyncClient, *labels: str) -> list[str]:
    """Ids of the sweeps with all those labels."""
    answer = await api.get("/v1/sweeps", params={"label": list(labels)})
    assert answer.status_code == 200, answer.text
    return [sweep["id"] for sweep in answer.json()["items"]]


async def test_only_sweeps_with_every_label_are_listed(api: httpx.AsyncClient, world: World) -> None:
    plain = await world.create()
    vision = await world.create(small_spec(labels={"team": "vision", "note": "a=b"}))
    both = await world.create(small_spec(labels={"team": "vision", "cost.center": "7"}))
    listed = await ids(api, "team=vision")
    assert set(listed) == {vision, both}
    assert await ids(api, "team=vision", "cost.center=7") == [both]
    assert await ids(api, "note=a=b") == [vision]
    assert await ids(api, "team=vision", "team=speech") == []
    assert await ids(api, "team=") == []
    assert plain in await ids(api)


@pytest.mark.parametrize("label", ["team", "=vision", 'te"am=x', "a b=c", "x" * 101 + "=1", "$[0]=1", ""])
async def test_label_that_is_none_is_refused_in_a_sentence(api: httpx.AsyncClient, label: str) -> None:
    answer = await api.get("/v1/sweeps", params={"label": label})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_filter")
    assert "accepted: a label and its value, such as team=vision" in answer.json()["detail"]


async def test_long_page_takes_no_more_queries_than_a_short_one(api: httpx.AsyncClient, world: World) -> None:
    for number in range(12):
        await write_ended_trials(world.database, small_spec(), f"{number:x}", 4)
    # The first use of a key is noted, the next ones within the minute are not.
    await api.get("/v1/sweeps")
    counts = []
    for limit in (1, 12):
        with sent_statements(world.database) as queries:
            page = (await api.get("/v1/sweeps", params={"limit": limit})).json()["items"]
        assert [sweep["trials_ended"] for sweep in page] == [4] * limit
        counts.append(len(queries))
    assert counts[0] == counts[1]
