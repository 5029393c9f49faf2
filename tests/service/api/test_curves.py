"""/v1/sweeps/{id}/trials/{number}/metrics: curves, chosen by name and thinned out."""

from typing import Any

import httpx
import pytest
from fakes.ledger import World, step


async def measured_trial(world: World, epochs: int) -> str:
    """Path of the curves of a trial that runs; its loss explodes once, and its accuracy comes every second epoch."""
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t0")
    results = []
    for epoch in range(1, epochs + 1):
        metrics = {"train_loss": 50.0 if epoch == 7 else 1 / epoch}
        if epoch % 2 == 0:
            metrics["val_top1"] = 1 - 1 / epoch
        results.append(step("t0", epoch, metrics=metrics))
    await runner.report(results=results)
    return f"/v1/sweeps/{sweep_id}/trials/0/metrics"


async def test_curves_hold_all_that_was_measured(api: httpx.AsyncClient, world: World) -> None:
    answer = (await api.get(await measured_trial(world, 4))).json()
    assert answer == {
        "number": 0,
        "curves": {
            "train_loss": {
                "steps": [1, 2, 3, 4],
                "values": [1, 1 / 2, 1 / 3, 1 / 4],
                "image_passes": [100, 200, 300, 400],
                "device_seconds": [1, 2, 3, 4],
                "measured": 4,
            },
            "val_top1": {
                "steps": [2, 4],
                "values": [0.5, 0.75],
                "image_passes": [200, 400],
                "device_seconds": [2, 4],
                "measured": 2,
            },
        },
    }


async def test_only_the_named_curves_are_sent_and_an_unmeasured_one_is_empty(
    api: httpx.AsyncClient, world: World
) -> None:
    path = await measured_trial(world, 4)
    curves = (await api.get(path, params={"names": ["val_top1", "val_top9"]})).json()["curves"]
    assert list(curves) == ["val_top1", "val_top9"]
    assert curves["val_top9"] == {"steps": [], "values": [], "image_passes": [], "device_seconds": [], "measured": 0}


async def test_thinned_curve_keeps_its_ends_and_the_explosion(api: httpx.AsyncClient, world: World) -> None:
    path = await measured_trial(world, 200)
    curve = (await api.get(path, params={"names": "train_loss", "points": 20})).json()["curves"]["train_loss"]
    assert len(curve["steps"]) <= 20
    assert {1, 7, 200} <= set(curve["steps"])
    assert curve["measured"] == 200
    assert [curve["values"][curve["steps"].index(7)], curve["image_passes"][-1]] == [50.0, 20_000]


async def test_trial_without_results_has_no_curves(api: httpx.AsyncClient, world: World) -> None:
    path = f"/v1/sweeps/{await world.create()}/trials/3/metrics"
    assert (await api.get(path)).json() == {"number": 3, "curves": {}}


@pytest.mark.parametrize(
    "query",
    [{"points": 3}, {"points": "x"}, {"points": 10**9}, {"names": ""}, {"names": "a\x00"}, {"names": "x" * 201}],
)
async def test_wrong_question_is_refused(api: httpx.AsyncClient, world: World, query: dict[str, Any]) -> None:
    answer = await api.get(f"/v1/sweeps/{await world.create()}/trials/0/metrics", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_curves_of_an_unknown_trial_are_not_found(api: httpx.AsyncClient, world: World) -> None:
    assert (await api.get(f"/v1/sweeps/{await world.create()}/trials/99/metrics")).status_code == 404
