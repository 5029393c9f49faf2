"""/v1/sweeps/{id}/logs as its callers see it."""

import httpx
from fakes.ledger import World

from service.clusters.protocol import JobSubmission
from service.db import sweeps
from service.lifecycle import SweepState


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


async def test_logs_of_somebody_else_are_404(api: httpx.AsyncClient, world: World, stranger: dict[str, str]) -> None:
    assert (await api.get(f"/v1/sweeps/{await world.create()}/logs", headers=stranger)).status_code == 404
