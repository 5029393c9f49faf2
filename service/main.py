"""Wires one service process: settings, database, clusters, API, reconciler, projector. Nothing is made at import."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import FastAPI

from service.api import (
    curves,
    events,
    health,
    keys,
    presets,
    reports,
    runners,
    steering,
    sweeps,
    trials,
)
from service.api.dependencies import Parts
from service.api.problems import add_problem_handlers
from service.auth.first_key import make_first_key
from service.clusters.registry import ClusterRegistry
from service.db.database import Database
from service.db.migrations import upgrade
from service.reconciler.claim import Tools
from service.reconciler.loop import reconcile
from service.settings import Settings
from service.tracking.mlflow_store import MlflowStore
from service.tracking.projector import project
from service.vault import Vault

DESCRIPTION = "Sweeps that quantify how robust training objectives are to their hyperparameters."


def create_app() -> FastAPI:
    """The service with settings from the environment; uvicorn's factory."""
    return build_app(Settings())


def build_app(settings: Settings, clusters: ClusterRegistry | None = None) -> FastAPI:
    """The service with these settings; `clusters` replaces the configured ones, for tests."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # httpx tells of every request; ours tell of what they are for.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    parts = Parts(
        settings=settings,
        database=Database(settings.effective_database_url),
        clusters=clusters or ClusterRegistry(settings.clusters),
        clock=lambda: datetime.now(UTC),
        vault=_vault(settings),
    )
    app = FastAPI(title="supsweep", version="0.1.0", description=DESCRIPTION, lifespan=_lifespan)
    app.state.parts = parts
    for routes in (
        sweeps,
        steering,
        trials,
        events,
        reports,
        presets,
        runners,
        keys,
        health,
        curves,
    ):
        app.include_router(routes.router)
    add_problem_handlers(app)
    return app


def _vault(settings: Settings) -> Vault:
    keys = settings.secret_keys.get_secret_value() if settings.secret_keys else None
    return Vault(keys, settings.secret_key_file)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    parts.settings.home.mkdir(parents=True, exist_ok=True)
    await upgrade(parts.database)
    await make_first_key(parts.database, parts.settings.api_key_file, parts.clock())
    parts.tasks.append(asyncio.create_task(reconcile(_tools(parts)), name="reconciler"))
    if parts.settings.mlflow_uri is not None:
        store = MlflowStore(parts.settings.mlflow_uri)
        parts.tasks.append(asyncio.create_task(project(parts.database, store, parts.clock), name="projector"))
    try:
        yield
    finally:
        await _stop(parts.tasks)
        await parts.clusters.aclose()
        await parts.database.close()


def _tools(parts: Parts) -> Tools:
    return Tools(parts.settings, parts.database, parts.clusters, parts.clock)


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
