"""Where a spec's dataset may lie: refused when it is sent, by every way of sending one."""

from typing import Any

import httpx
import pytest
from fakes.ledger import World

from search_spaces.presets import PRESETS
from search_spaces.sweep_spec import SweepSpec
from service.errors import InvalidRequest
from service.operations.dataset_roots import check_dataset_root
from service.settings import Settings

CIFAR: dict[str, Any] = PRESETS["cifar10_paired"]().model_dump(mode="json", exclude_defaults=True)


def at(root: str) -> dict[str, Any]:
    return CIFAR | {"dataset": CIFAR["dataset"] | {"root": root}}


@pytest.mark.parametrize("root", ["s3://data/cifar10", "/etc", "/", "/database", "/data2/cifar10", "/root/.ssh"])
async def test_a_dataset_elsewhere_is_refused_with_what_is_accepted(api: httpx.AsyncClient, root: str) -> None:
    for path in ("/v1/sweeps", "/v1/sweeps/preview"):
        answer = await api.post(path, json=at(root))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/dataset/root"
        assert repr(root) in error["detail"]
        assert "accepted: folders in /data" in error["detail"]
    assert (await api.get("/v1/sweeps")).json()["items"] == []


@pytest.mark.parametrize("root", ["/data/../etc", "/data/a/../../etc", ".."])
async def test_a_step_up_is_refused(api: httpx.AsyncClient, root: str) -> None:
    answer = await api.post("/v1/sweeps", json=at(root))
    assert answer.json()["errors"][0]["pointer"] == "/dataset/root"
    assert "without .." in answer.json()["detail"]


async def test_a_dataset_in_an_allowed_folder_is_taken_and_its_runner_told(
    api: httpx.AsyncClient, world: World
) -> None:
    made = await api.post("/v1/sweeps", json=at("/data/cifar10"))
    assert made.status_code == 201
    joined = await api.post(f"{made.headers['Location']}/workers", json={"name": "mine"})
    assert joined.json()["brief"]["dataset_roots"] == world.settings.dataset_roots == ["/data"]


def test_a_bucket_is_as_good_as_a_folder_and_its_neighbours_are_not() -> None:
    settings = Settings(dataset_roots=["/data", "s3://data/animals?endpoint_override=minio:9000"])
    for root in ("s3://data/animals", "s3://data/animals/cats", "/data/cifar10"):
        check_dataset_root(settings, SweepSpec.model_validate(at(root)))
    for root in ("s3://data", "s3://data/animals-evil", "s3://data-evil/animals"):
        with pytest.raises(InvalidRequest, match=r"accepted: folders in /data, s3://data/animals"):
            check_dataset_root(settings, SweepSpec.model_validate(at(root)))


async def test_a_clone_goes_no_further_than_its_sweep(api: httpx.AsyncClient) -> None:
    place = (await api.post("/v1/sweeps", json=CIFAR)).headers["Location"]
    answer = await api.post(f"{place}/clone", json={"changes": {"dataset": {"root": "/etc"}}})
    assert answer.json()["errors"][0]["pointer"] == "/dataset/root"
