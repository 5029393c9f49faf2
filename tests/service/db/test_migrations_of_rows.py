"""Rows come through every migration, up and down, on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, insert, select, text

from service.db import keys, sweeps, trials
from service.db.database import Database
from service.db.migrations import downgrade, revisions, upgrade
from service.schemas.keys import Scope

FIRST = "2026_11_23_ledger"
FACTS = "2026_11_24_facts"
CONTROL_PLANE = "2026_11_26_control_plane"
AT = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)

Rows = dict[str, list[dict[str, Any]]]

LEDGER: Rows = {
    "api_keys": [{"id": "k1", "owner": "ada", "secret_sha256": "a" * 64, "created_at": AT}],
    "sweeps": [
        {
            "id": "s1",
            "name": "digits",
            "owner": "ada",
            "spec_document": {"name": "digits", "labels": {"ü": '"'}},
            "state": "running",
            "created_at": AT,
            "moved_at": AT,
            "due_at": AT,
            "event_count": 1,
        }
    ],
    "events": [{"sweep_id": "s1", "sequence": 1, "kind": "sweep.state", "at": AT, "data": {"new": "queued"}}],
    "idempotency_keys": [
        {"owner": "ada", "key": "once", "body_sha256": "b" * 64, "sweep_id": "s1", "created_at": AT},
    ],
    "projections": [{"sweep_id": "s1", "sequence": 1, "experiment_id": "7", "run_id": "r"}],
    "reports": [{"sweep_id": "s1", "json": "{}", "markdown": "# r", "html": "<p>", "created_at": AT}],
    "runners": [
        {
            "id": "s1-1",
            "sweep_id": "s1",
            "ordinal": 1,
            "cluster": "local",
            "submission_id": "supsweep-s1-1",
            "token_sha256": "c" * 64,
            "state": "live",
            "job_is_over": False,
            "created_at": AT,
            "lease_until": AT,
            "last_sequence": 4,
            "was_accepted": True,
            "progress": 9,
        }
    ],
    "trials": [
        {
            "id": 1,
            "sweep_id": "s1",
            "number": 0,
            "arm": "supcon",
            "point": 0,
            "replicate": 0,
            "config_document": {"seed": 3},
            "state": "ended",
            "outcome": "completed",
            "score": 0.875,
            "scores": {"val_top1": 0.875},
            "attempts": 1,
            "image_passes": 100,
            "device_seconds": 12.5,
            "ended_at": AT,
        }
    ],
    "attempts": [
        {
            "id": 1,
            "trial_id": 1,
            "number": 1,
            "runner_id": "s1-1",
            "tune_trial_id": "t1",
            "devices": 1.0,
            "started_at": AT,
            "ending": "completed",
            "device_seconds": 12.5,
        }
    ],
    "results": [
        {
            "trial_id": 1,
            "step": 1,
            "metrics": {"val_top1": 0.5},
            "image_passes": 100,
            "device_seconds": 12.5,
            "reported_at": AT,
        }
    ],
}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of the first release, with a row in each of its tables."""
    database = Database(database_url)
    await upgrade(database, FIRST)
    await _write(database, LEDGER)
    yield database
    await database.close()


async def test_rows_survive_every_step_up_and_every_step_down(database: Database) -> None:
    seen = [await _read(database)]
    assert {name for name, rows in seen[0].items() if rows} == set(LEDGER)
    for revision in revisions()[1:]:
        await upgrade(database, revision)
        seen.append(await _read(database))
        _assert_kept(seen[-2], seen[-1])
    for before, revision in zip(reversed(seen[:-1]), reversed(revisions()[:-1]), strict=True):
        await downgrade(database, revision)
        assert await _read(database) == before, f"back at {revision}"


async def test_keys_made_before_scopes_may_do_everything(database: Database) -> None:
    await upgrade(database)
    async with database.read() as session:
        key = await keys.find(session, "k1")
    assert key is not None
    assert set(key.scopes) == set(Scope)
    assert (key.version, key.name, key.expires_at, key.revoked_at) == (1, "", None, None)


async def test_sweeps_and_trials_of_before_are_read_by_the_code_of_now(database: Database) -> None:
    await upgrade(database)
    async with database.read() as session:
        sweep, trial = await sweeps.find(session, "s1"), await trials.find(session, "s1", 0)
    assert sweep is not None
    assert trial is not None
    assert (sweep.version, sweep.priority, sweep.paused_seconds) == (1, 0, 0.0)
    assert (trial.losses, trial.facts, trial.score) == (0, {}, 0.875)
    assert trial.ended_at == AT


async def test_idempotency_keys_still_name_what_they_made(database: Database) -> None:
    await upgrade(database)
    async with database.read() as session:
        (resource,) = await session.scalars(text("SELECT resource FROM idempotency_keys"))
    assert resource == "sweeps/s1"


async def test_way_back_keeps_the_keys_of_sweeps_and_forgets_those_of_other_things(database: Database) -> None:
    await upgrade(database)
    made = {"owner": "ada", "body_sha256": "b" * 64, "created_at": AT}
    others = [made | {"key": "hook", "resource": "webhooks/w1"}, made | {"key": "gone", "resource": "sweeps/gone"}]
    await _write(database, {"idempotency_keys": others})
    await downgrade(database, FACTS)
    assert [row["key"] for row in (await _read(database))["idempotency_keys"]] == ["once"]
    async with database.write() as session:
        await session.execute(text("DELETE FROM sweeps"))
    assert (await _read(database))["idempotency_keys"] == [], "they are bound to their sweep again"


async def test_way_back_drops_what_the_older_release_does_not_know(database: Database) -> None:
    await upgrade(database)
    await _write(
        database,
        {
            "webhooks": [
                {
                    "id": "w1",
                    "owner": "ada",
                    "url": "https://example.org",
                    "sealed_secret": "x",
                    "secret_number": 1,
                    "kinds": ["sweep.state"],
                    "is_enabled": True,
                    "version": 1,
                    "created_at": AT,
                }
            ]
        },
    )
    await downgrade(database, FACTS)
    await upgrade(database, CONTROL_PLANE)
    assert (await _read(database))["webhooks"] == []


def _assert_kept(before: Rows, after: Rows) -> None:
    """Whatever a row said before it says after, as far as its column is still there."""
    for name, rows in before.items():
        assert len(after[name]) == len(rows), name
        for old, new in zip(rows, after[name], strict=True):
            kept = old.keys() & new.keys()
            assert {key: new[key] for key in kept} == {key: old[key] for key in kept}, name


async def _write(database: Database, rows: Rows) -> None:
    def write(connection: Connection) -> None:
        tables = _tables(connection)
        for table in tables.sorted_tables:
            for row in rows.get(table.name, []):
                connection.execute(insert(table), row)

    async with database.write() as session:
        await (await session.connection()).run_sync(write)


async def _read(database: Database) -> Rows:
    def read(connection: Connection) -> Rows:
        tables = _tables(connection)
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in tables.sorted_tables
        }

    async with database.read() as session:
        return await (await session.connection()).run_sync(read)


def _tables(connection: Connection) -> MetaData:
    """The tables as they are in the database, whatever the code says."""
    tables = MetaData()
    tables.reflect(connection)
    tables.remove(tables.tables["alembic_version"])
    return tables
