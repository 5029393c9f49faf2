"""Secrets stay where they belong: nothing that a run writes, shows or stores holds one in the clear."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from fakes.keys import bearer
from fakes.ledger import World, small_spec, step
from fakes.reconciling import reconcile_for, run_to_the_end, submitted_runner
from fakes.scripted_service import Answer, ScriptedService, scripted_service
from fakes.tracking import FakeTrackingStore, server_of
from sqlalchemy import select

from service.db.base import Base
from service.db.database import Database
from service.errors import DatabaseUnavailable
from service.logs import without_secrets
from service.settings import Settings
from service.tracking.projector import Projection, project_next_batch
from service.webhooks.addresses import Addresses
from service.webhooks.postman import Postman
from service.webhooks.sender import claim, send

DOCUMENT: dict[str, Any] = small_spec().model_dump(mode="json", exclude_defaults=True)
CLUSTER_TOKEN = "cluster-token-that-belongs-nowhere"
WRONG_SECRET = "0123456789abcdef" * 4


@pytest.fixture
def receiver(api: httpx.AsyncClient) -> Iterator[ScriptedService]:
    """A receiver of webhooks on this machine, which is allowed here."""
    parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    parts.postman = Postman(parts.vault, Addresses(allow_http=True, allow_private=True))
    with scripted_service() as receiver:
        receiver.answers("POST", "/hook", Answer(status=500), Answer(status=204))
        yield receiver


async def make_secrets(api: httpx.AsyncClient, receiver: ScriptedService) -> dict[str, str]:
    """Everything secret that a person can make, by what it is."""
    made = (await api.post("/v1/keys", json={"name": "a"}, headers={"Idempotency-Key": "once"})).json()
    rotated = (await api.post(f"/v1/keys/{made['id']}/rotate", json={"grace_seconds": 60})).json()
    webhook = (await api.post("/v1/webhooks", json={"url": f"{receiver.url}/hook"})).json()
    cluster = {"name": "far", "address": "https://ray.example:8265", "token": CLUSTER_TOKEN}
    assert (await api.post("/v1/clusters", json=cluster)).status_code == 201
    await api.get("/v1/sweeps", headers=bearer(f"sws_{made['id']}_{WRONG_SECRET}"))
    return {
        "first key": api.headers["Authorization"].rpartition("_")[2],
        "key": made["key"].rpartition("_")[2],
        "rotated key": rotated["key"].rpartition("_")[2],
        "wrong key": WRONG_SECRET,
        "webhook": webhook["secret"].removeprefix("whsec_"),
        "cluster": CLUSTER_TOKEN,
    }


async def run_a_sweep(api: httpx.AsyncClient, world: World, store: FakeTrackingStore) -> tuple[str, str]:
    """A sweep from its submission to its report, MLflow and webhooks told of it. Its id, and its runner's token."""
    sweep_id: str = (await api.post("/v1/sweeps", json=DOCUMENT)).json()["id"]
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    await runner.take("good0")
    await runner.report(results=[step("good0")])
    await run_to_the_end(runner)
    await reconcile_for(world, 5)
    projection = Projection(world.database, server_of(store), world.clock, lambda report: {"cost.json": report})
    while await project_next_batch(projection, "worker"):
        pass
    parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    while (claimed := await claim(world.database, world.clock)) is not None:
        await send(world.database, parts.postman, world.clock, *claimed)
    return sweep_id, runner.opened.token


async def everything_shown(api: httpx.AsyncClient, sweep_id: str) -> str:
    """What every route that can be looked at answers, its document among them."""
    own = {
        "sweep_id": sweep_id,
        "number": "0",
        "key_id": (await api.get("/v1/keys")).json()["items"][0]["id"],
        "webhook_id": (await api.get("/v1/webhooks")).json()["items"][0]["id"],
    }
    document = await api.get("/openapi.json")
    shown = [document.text]
    for path, methods in document.json()["paths"].items():
        name = "far" if "clusters" in path else "digits_demo"
        if "get" in methods:
            answer = await api.get(path.format(**own, name=name), headers={"Accept": "application/json"})
            assert answer.status_code < 500, path
            shown.append(answer.text)
    return "\n".join(shown)


async def everything_stored(database: Database) -> str:
    """Every row of every table."""
    rows: list[str] = []
    async with database.read() as session:
        for table in Base.metadata.sorted_tables:
            rows += [f"{table.name}: {tuple(row)}" for row in await session.execute(select(table))]
    return "\n".join(rows)


async def test_nothing_that_a_run_writes_holds_a_secret(
    api: httpx.AsyncClient, world: World, receiver: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="service")
    store = FakeTrackingStore()
    secrets = await make_secrets(api, receiver)
    sweep_id, token = await run_a_sweep(api, world, store)
    own_key = world.settings.secret_key_file.read_text().strip()
    jobs = json.dumps([vars(job) for job in world.cluster.jobs.values()])
    assert jobs.count(token) == 1, "a job carries its own runner's token, once"
    written = {
        "log": "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records),
        "jobs": jobs.replace(token, ""),
        "MLflow": repr(store.runs),
        "answers": await everything_shown(api, sweep_id),
        "database": await everything_stored(world.database),
        "messages": "\n".join(f"{request.headers} {request.body}" for request in receiver.requests),
    }
    assert all(sweep_id in written[place] for place in ("log", "jobs", "MLflow", "answers", "database", "messages"))
    for place, text in written.items():
        for name, secret in {**secrets, "runner": token, "service": own_key}.items():
            assert secret not in text, f"the secret of the {name} is in the {place}"


async def test_a_refusal_does_not_repeat_a_token(api: httpx.AsyncClient) -> None:
    for token in (f"{CLUSTER_TOKEN} ", [CLUSTER_TOKEN], {CLUSTER_TOKEN: 1}):
        answer = await api.post("/v1/clusters", json={"name": "far", "address": "https://ray.example", "token": token})
        assert answer.status_code == 422
        assert CLUSTER_TOKEN not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://somebody:hunter2@127.0.0.1:1/ledger",
        "postgresql+asyncpg://somebody:hunter2@no.invalid/ledger",
        "postgresql+asyncpg://somebody:hunter2@/ledger?host=/no/such/folder",
    ],
)
async def test_a_database_that_is_away_does_not_tell_its_password(url: str) -> None:
    database = Database(url)
    with pytest.raises(DatabaseUnavailable) as refused:
        await database.check()
    await database.close()
    assert "hunter2" not in refused.value.detail


def test_a_setting_that_is_wrong_does_not_tell_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_CLUSTERS", json.dumps({"far": {"token": CLUSTER_TOKEN}}))
    monkeypatch.setenv("SUPSWEEP_SECRET_KEYS", "hunter2")
    monkeypatch.setenv("SUPSWEEP_LEASE_SECONDS", "never")
    with pytest.raises(ValueError, match="lease_seconds") as refused:
        Settings()
    assert CLUSTER_TOKEN not in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_settings_do_not_show_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_CLUSTERS", json.dumps({"far": {"address": "http://a", "token": CLUSTER_TOKEN}}))
    key = Fernet.generate_key().decode()
    monkeypatch.setenv("SUPSWEEP_SECRET_KEYS", key)
    assert not {CLUSTER_TOKEN, key} & set(repr(Settings()).replace("'", " ").split())


def test_a_line_of_the_log_shows_no_webhooks_secret() -> None:
    assert without_secrets("secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=, too") == "secret whsec_…, too"
