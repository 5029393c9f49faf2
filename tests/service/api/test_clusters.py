"""/v1/clusters: admins register and change, everybody looks, and no token ever comes out."""

import asyncio
from typing import Any

import httpx
import pytest
import trustme
from fakes.clusters import FakeClusterClient
from fakes.keys import headers_of
from fakes.ledger import World, small_spec, step
from fakes.registered import cluster_row, register

from service.clusters.protocol import ClusterUnreachable
from service.operations.cluster_settings import keep_settings
from service.operations.cursors import encode_cursor
from service.schemas.keys import Scope
from service.settings import ClusterSettings

SECRET = "do-not-tell-0123456789"
EAST: dict[str, Any] = {
    "name": "east",
    "address": "https://ray.example.org:8265/",
    "token": SECRET,
    "labels": {"region": "eu"},
}


async def keep(world: World, settings: dict[str, ClusterSettings]) -> None:
    """What every process does with SUPSWEEP_CLUSTERS when it starts."""
    async with world.database.write() as session:
        await keep_settings(session, world.vault, settings, world.clock())


async def make(api: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await api.post("/v1/clusters", json={**EAST, **changes})


async def test_a_registered_cluster_is_shown_without_its_token(api: httpx.AsyncClient) -> None:
    answer = await make(api)
    assert (answer.status_code, answer.headers["Location"]) == (201, "/v1/clusters/east")
    shown = await api.get("/v1/clusters/east")
    assert shown.json() == answer.json()
    assert shown.headers["ETag"] == answer.headers["ETag"] == '"1"'
    cluster = shown.json()
    assert (cluster["address"], cluster["has_token"]) == ("https://ray.example.org:8265", True)
    assert (cluster["labels"], cluster["verify_tls"], cluster["is_from_settings"]) == ({"region": "eu"}, True, False)
    assert cluster["health"]["is_healthy"] is None
    assert SECRET not in answer.text + shown.text + (await api.get("/v1/clusters")).text


async def test_the_token_is_kept_sealed(api: httpx.AsyncClient, world: World) -> None:
    await make(api)
    sealed = (await cluster_row(world, "east")).sealed_token
    assert sealed is not None
    assert SECRET not in sealed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a b"),
        ("name", ""),
        ("name", "gpu=h100"),
        ("address", "ray.example.org"),
        ("address", "ftp://ray.example.org"),
        ("address", "https://user:secret@ray.example.org"),
        ("address", "https://ray.example.org/?token=x"),
        ("address", "http://"),
        ("address", "http://ray:99999"),
        ("address", "http://ray:x"),
        ("address", "http://[::1"),
        ("address", "http://räy"),
        ("address", None),
        ("labels", {"a b": "c"}),
        ("labels", {"a": "b c"}),
        ("labels", None),
        ("verify_tls", "perhaps"),
        ("ca_certificate", "no certificate"),
        ("ca_certificate", "é\0"),
        ("token", ""),
        ("token", "with space"),
        ("token", "x\r\nHost: elsewhere"),
        ("unknown", 1),
    ],
)
async def test_a_bad_cluster_is_a_problem_that_points_at_it(api: httpx.AsyncClient, field: str, value: object) -> None:
    answer = await make(api, **{field: value})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")
    assert SECRET not in answer.text
    assert (await api.get("/v1/clusters")).json()["items"] == []


@pytest.mark.parametrize("token", [SECRET + " ", SECRET * 1000, [SECRET], {"secret": SECRET}])
async def test_a_refused_token_is_not_repeated(api: httpx.AsyncClient, token: object) -> None:
    answer = await make(api, token=token)
    assert answer.status_code == 422
    assert "RAY_AUTH_TOKEN" in answer.json()["detail"]
    assert SECRET not in answer.text


async def test_a_name_is_taken_once(api: httpx.AsyncClient) -> None:
    await make(api)
    answer = await make(api, address="http://other:1")
    assert (answer.status_code, answer.json()["code"]) == (409, "cluster_exists")


async def test_the_same_idempotency_key_makes_one_cluster(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    first, second = [await api.post("/v1/clusters", json=EAST, headers=headers) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


@pytest.mark.parametrize("change", [{"labels": {}}, {"token": "another"}])
async def test_an_idempotency_key_with_another_body_is_refused(api: httpx.AsyncClient, change: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "k1"}
    await api.post("/v1/clusters", json=EAST, headers=headers)
    answer = await api.post("/v1/clusters", json=EAST | change, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_two_that_register_one_name_at_once_make_one_cluster(api: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*[make(api) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len((await api.get("/v1/clusters")).json()["items"]) == 1


async def test_pages_hold_every_cluster_by_name(api: httpx.AsyncClient) -> None:
    for name in ("c", "a", "b"):
        await make(api, name=name)
    first = (await api.get("/v1/clusters?limit=2")).json()
    second = (await api.get("/v1/clusters", params={"cursor": first["next_cursor"]})).json()
    assert [one["name"] for one in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "cursor", ["nonsense", encode_cursor("a\0b"), encode_cursor("\ud800"), encode_cursor("a", "b")]
)
async def test_a_cursor_that_no_page_gave_is_refused(api: httpx.AsyncClient, cursor: str) -> None:
    answer = await api.get("/v1/clusters", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_an_unknown_cluster_is_404(api: httpx.AsyncClient) -> None:
    answers = [
        await api.get("/v1/clusters/moon"),
        await api.patch("/v1/clusters/moon", json={}),
        await api.delete("/v1/clusters/moon"),
        await api.post("/v1/clusters/moon/check"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}


async def test_a_change_leaves_alone_what_it_does_not_name(api: httpx.AsyncClient, world: World) -> None:
    await make(api)
    answer = await api.patch("/v1/clusters/east", json={"labels": {"gpu": "h200"}})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (answer.json()["labels"], answer.json()["address"]) == ({"gpu": "h200"}, "https://ray.example.org:8265")
    row = await cluster_row(world, "east")
    assert world.vault.open(row.sealed_token or "") == SECRET


async def test_null_takes_a_token_away(api: httpx.AsyncClient) -> None:
    await make(api)
    assert (await api.patch("/v1/clusters/east", json={"token": None})).json()["has_token"] is False


async def test_a_certificate_is_taken_in_pem(api: httpx.AsyncClient) -> None:
    pem = trustme.CA().cert_pem.bytes().decode()
    assert (await make(api, ca_certificate=pem)).json()["ca_certificate"] == pem
    taken_away = await api.patch("/v1/clusters/east", json={"ca_certificate": None})
    assert taken_away.json()["ca_certificate"] is None


@pytest.mark.parametrize("call", ["PATCH", "DELETE"])
async def test_a_change_of_what_has_changed_meanwhile_is_refused(api: httpx.AsyncClient, call: str) -> None:
    await make(api)
    await api.patch("/v1/clusters/east", json={"labels": {}})
    answer = await api.request(call, "/v1/clusters/east", json={}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


async def test_a_cluster_is_deleted(api: httpx.AsyncClient) -> None:
    await make(api)
    assert (await api.delete("/v1/clusters/east", headers={"If-Match": '"1"'})).status_code == 204
    assert (await api.get("/v1/clusters/east")).status_code == 404


async def test_a_cluster_of_the_settings_is_left_alone(api: httpx.AsyncClient, world: World) -> None:
    await register(world, "local", is_from_settings=True)
    for answer in (
        await api.patch("/v1/clusters/local", json={"labels": {}}),
        await api.delete("/v1/clusters/local"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "cluster_from_settings")
        assert "SUPSWEEP_CLUSTERS" in answer.json()["detail"]


async def test_a_cluster_of_the_settings_is_drained_and_stays_so_when_the_service_starts_again(
    api: httpx.AsyncClient, world: World
) -> None:
    settings = {"local": ClusterSettings(address="http://127.0.0.1:1")}
    await keep(world, settings)
    answer = await api.patch("/v1/clusters/local", json={"is_draining": True})
    assert (answer.status_code, answer.json()["is_draining"], answer.headers["ETag"]) == (200, True, '"2"')
    both = await api.patch("/v1/clusters/local", json={"is_draining": False, "labels": {}})
    assert (both.status_code, both.json()["code"]) == (409, "cluster_from_settings")
    assert "accepted here: is_draining alone" in both.json()["detail"]
    await keep(world, settings)
    assert (await api.get("/v1/clusters/local")).json()["is_draining"] is True
    await keep(world, {"local": ClusterSettings(address="http://127.0.0.1:2")})
    assert (await api.get("/v1/clusters/local")).json()["is_draining"] is True
    assert (await api.patch("/v1/clusters/local", json={"is_draining": False})).json()["is_draining"] is False


@pytest.mark.parametrize("value", [None, "perhaps", 2])
async def test_draining_is_yes_or_no(api: httpx.AsyncClient, value: object) -> None:
    await make(api)
    answer = await api.patch("/v1/clusters/east", json={"is_draining": value})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/is_draining")


async def test_a_new_cluster_is_not_drained(api: httpx.AsyncClient) -> None:
    made = (await make(api)).json()
    assert (made["is_draining"], made["open_jobs"]) == (False, 0)
    assert (await make(api, name="west", is_draining=True)).status_code == 422


async def test_a_cluster_with_a_runner_of_an_unfinished_sweep_stays(api: httpx.AsyncClient, world: World) -> None:
    await register(world, "local")
    runner = await world.open_runner(await world.create())
    answer = await api.delete("/v1/clusters/local")
    assert (answer.status_code, answer.json()["code"]) == (409, "cluster_in_use")
    assert "1 unfinished sweep" in answer.json()["detail"]
    await world.fence(runner)
    assert (await api.delete("/v1/clusters/local")).status_code == 409, "its job may still run"


async def test_what_runs_on_a_cluster_is_counted(api: httpx.AsyncClient, world: World) -> None:
    await register(world, "local")
    runner = await world.open_runner(await world.create())
    for name in ("t1", "t2"):
        await runner.take(name)
    await runner.report(results=[step("t1")])
    for cluster in ((await api.get("/v1/clusters")).json()["items"][0], (await api.get("/v1/clusters/local")).json()):
        assert (cluster["live_runners"], cluster["running_trials"], cluster["open_jobs"]) == (1, 2, 1)


async def test_a_check_asks_now_and_tells_what_is_free(api: httpx.AsyncClient, world: World) -> None:
    await register(world, "local")
    health = (await api.post("/v1/clusters/local/check")).json()["health"]
    assert (health["is_healthy"], health["problem"], health["ray_version"]) == (True, None, "2.60.0")
    assert (health["cpus_free"], health["cpus_total"]) == (3.0, 4.0)
    assert (health["gpus_free"], health["gpus_total"], health["nodes"]) == (0.5, 1.0, 1)


async def test_a_check_of_a_cluster_that_is_away_tells_the_problem(api: httpx.AsyncClient, world: World) -> None:
    await register(world, "local")
    world.cluster.fails_with = ClusterUnreachable("connection refused")
    answer = await api.post("/v1/clusters/local/check")
    health = answer.json()["health"]
    assert (answer.status_code, health["is_healthy"], health["problem"]) == (200, False, "connection refused")


async def test_who_may_do_what(api: httpx.AsyncClient, world: World) -> None:
    reader, writer = [await headers_of(world, "somebody", scope) for scope in (Scope.READ, Scope.WRITE)]
    await register(world, "local")
    assert (await api.get("/v1/clusters/local", headers=reader)).status_code == 200
    assert (await api.post("/v1/clusters/local/check", headers=reader)).status_code == 403
    assert (await api.post("/v1/clusters/local/check", headers=writer)).status_code == 200
    for method, path, body in (
        ("POST", "/v1/clusters", EAST),
        ("PATCH", "/v1/clusters/local", {"labels": {}}),
        ("DELETE", "/v1/clusters/local", None),
    ):
        answer = await api.request(method, path, json=body, headers=writer)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_sweep_chooses_clusters_by_label(api: httpx.AsyncClient, world: World) -> None:
    document = small_spec().model_dump(mode="json", exclude_defaults=True)
    world.other_clusters["east"] = FakeClusterClient()
    refused = await api.post("/v1/sweeps", json=document | {"clusters": ["gpu=h100"]})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_cluster")
    assert refused.json()["detail"] == "no cluster has the label 'gpu=h100'; registered: local"
    await register(world, "east", labels={"gpu": "h100"})
    assert (await api.post("/v1/sweeps", json=document | {"clusters": ["gpu=h100"]})).status_code == 201
