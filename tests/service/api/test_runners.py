"""The runner protocol over HTTP: a token opens its runner's two calls and nothing else."""

import httpx
from fakes.ledger import World, step

from search_spaces.runner_protocol import MOST_METRICS, MOST_PER_REPORT
from service.ledger.runners import OpenedRunner


async def opened_runner(world: World) -> OpenedRunner:
    return (await world.open_runner(await world.create())).opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_ask_and_report_over_http(api: httpx.AsyncClient, world: World) -> None:
    runner = await opened_runner(world)
    path, headers = f"/v1/runners/{runner.runner_id}", bearer(runner.token)
    trial = (await api.post(f"{path}/ask", json={"tune_trial_id": "t1"}, headers=headers)).json()
    assert (trial["kind"], trial["number"], trial["arm"], trial["attempt"]) == ("trial", 0, "supcon", 1)
    answer = await api.post(f"{path}/report", json={"sequence": 1}, headers=headers)
    assert answer.json() == {"stop": [], "drain": False}


async def test_runner_token_opens_nothing_else(api: httpx.AsyncClient, world: World) -> None:
    one, other = await opened_runner(world), await opened_runner(world)
    for path in ("/v1/sweeps", "/v1/presets"):
        assert (await api.get(path, headers=bearer(one.token))).status_code == 401
    foreign = await api.post(
        f"/v1/runners/{other.runner_id}/ask", json={"tune_trial_id": "t1"}, headers=bearer(one.token)
    )
    assert foreign.status_code == 401


async def test_api_key_is_no_runner_token(api: httpx.AsyncClient, world: World) -> None:
    runner = await opened_runner(world)
    answer = await api.post(f"/v1/runners/{runner.runner_id}/ask", json={"tune_trial_id": "t1"})
    assert answer.status_code == 401


async def test_fenced_runner_hears_409(api: httpx.AsyncClient, world: World) -> None:
    double = await world.open_runner(await world.create())
    await world.fence(double)
    runner = double.opened
    answer = await api.post(
        f"/v1/runners/{runner.runner_id}/report", json={"sequence": 1}, headers=bearer(runner.token)
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "runner_fenced")


async def test_longest_report_of_the_protocol_is_taken(api: httpx.AsyncClient, world: World) -> None:
    runner = await opened_runner(world)
    metrics = {f"m{number}": 0.5 for number in range(MOST_METRICS)}
    results = [step("t1", number + 1, metrics=metrics).model_dump() for number in range(MOST_PER_REPORT)]
    answer = await api.post(
        f"/v1/runners/{runner.runner_id}/report",
        json={"sequence": 1, "results": results},
        headers=bearer(runner.token),
    )
    assert answer.status_code == 200, answer.text[:500]


async def test_report_with_a_number_that_is_none_is_refused(api: httpx.AsyncClient, world: World) -> None:
    runner = await opened_runner(world)
    body = (
        '{"sequence": 1, "outcomes": [{"tune_trial_id": "t1", "outcome": "completed", "attempt_device_seconds": NaN}]}'
    )
    answer = await api.post(
        f"/v1/runners/{runner.runner_id}/report",
        content=body,
        headers=bearer(runner.token) | {"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
