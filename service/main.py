"""Wires one service process: settings, database, clusters, API, reconciler, projector. Nothing is made at import."""

import contextlib
import functools
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import BaseRoute

from service.api import (
    audit,
    clusters,
    compare,
    curves,
    deletion,
    events,
    exports,
    health,
    keys,
    logs,
    metrics,
    presets,
    preview,
    reports,
    runners,
    steering,
    sweeps,
    trials,
    webhooks,
    workers,
)
from service.api.dependencies import Parts
from service.api.guards.answer_headers import AnswerHeaders
from service.api.guards.bodies import Bodies
from service.api.guards.buckets import TokenBuckets
from service.api.guards.heads import Heads
from service.api.guards.hosts import Hosts
from service.api.guards.rates import Rates
from service.api.openapi import DescribedAPI
from service.api.problems import add_problem_handlers
from service.api.requests import Requests, bind_ids
from service.auth.first_key import make_first_key
from service.auth.known_secrets import KnownSecrets, read_digests
from service.clusters.protocol import ClusterClient
from service.clusters.registry import ClusterRegistry
from service.db.database import Database
from service.db.migrations import upgrade
from service.errors import MadeMeanwhile, SecretUnreadable
from service.logs import configure_logs
from service.operations.api_signs import keep_signing
from service.operations.cluster_settings import check_settings, keep_settings
from service.private_files import make_private_folder
from service.reconciler.claim import Tools
from service.reconciler.loop import start_reconciler
from service.reconciler.retention import start_retention
from service.reconciler.rounds import start_rounds
from service.robustness.figures import figure_files
from service.settings import Role, Settings, SettingsRefused, read_settings
from service.tracking.environment import read_environment
from service.tracking.mlflow_store import MlflowStore
from service.tracking.projector import Projection, project
from service.tracking.server import TrackingServer
from service.vault import Vault
from service.webhooks.addresses import Addresses
from service.webhooks.postman import Postman
from service.webhooks.sender import send_deliveries

DESCRIPTION = "Sweeps that quantify how robust training objectives are to their hyperparameters."
API = (
    preview,
    exports,
    sweeps,
    steering,
    deletion,
    audit,
    trials,
    compare,
    curves,
    events,
    logs,
    reports,
    presets,
    runners,
    workers,
    clusters,
    keys,
    webhooks,
)
BURST_SECONDS = 10
"""A key that has been quiet may send so many seconds' worth of requests at once."""
SIGNS_PER_HEARTBEAT = 2
"""Workers take the API for away when they have seen no sign for two heartbeats."""
LOOPS_SECONDS = 4.0
"""How long a stopping process lets its loops finish what they are at."""


def create_app() -> FastAPI:
    """The service with settings from the environment; uvicorn's factory. Exits with a sentence for bad settings."""
    try:
        settings = read_settings()
        configure_logs(settings.log_format, settings.log_level)
        return build_app(settings)
    except (SettingsRefused, SecretUnreadable) as error:
        sys.exit(f"supsweep cannot start: {error}")


def build_app(settings: Settings, clients: Mapping[str, ClusterClient] | None = None) -> FastAPI:
    """The service with these settings; `clients` stand in for those of registered clusters, for tests.

    Raises SettingsRefused and SecretUnreadable.
    """
    check_settings(settings.clusters)
    database, vault = Database(settings.effective_database_url), make_vault(settings)
    vault.check()
    parts = Parts(
        settings=settings,
        database=database,
        clusters=ClusterRegistry(database, vault, clients),
        clock=lambda: datetime.now(UTC),
        vault=vault,
        postman=Postman(vault, Addresses(settings.webhooks_allow_http, settings.webhooks_allow_private)),
        tracking=_tracking(settings),
    )
    app = DescribedAPI(
        title="supsweep",
        version=version("supsweep"),
        description=DESCRIPTION,
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        lifespan=_lifespan,
        routes=_routes(settings.role),
    )
    app.state.parts = parts
    add_problem_handlers(app)
    _add_guards(app, parts)
    app.add_middleware(Requests, metrics=parts.metrics)
    return app


def make_vault(settings: Settings) -> Vault:
    """What seals and opens the stored secrets of a service with these settings."""
    keys = settings.secret_keys.get_secret_value() if settings.secret_keys else None
    return Vault(keys, settings.secret_key_file)


@functools.cache
def _routes(role: Role) -> list[BaseRoute]:
    """What a process of that role answers; made once for all its applications, for reading the handlers takes long."""
    router = APIRouter(dependencies=[Depends(bind_ids)])
    for routes in (*(() if role == "worker" else API), health, metrics):
        router.include_router(routes.router)
    return router.routes


def _add_guards(app: FastAPI, parts: Parts) -> None:
    """What a request passes before its route, the last one first."""
    settings, known = parts.settings, KnownSecrets(lambda: read_digests(parts.database, parts.clock()))
    per_second, per_minute = settings.requests_per_second, settings.failures_per_minute
    requests = TokenBuckets(per_second, burst=max(1.0, BURST_SECONDS * per_second)) if per_second else None
    app.add_middleware(Bodies, most_bytes=settings.max_body_bytes, seconds=settings.body_seconds, knows=known.knows)
    failures = TokenBuckets(per_minute / 60, burst=max(1.0, per_minute))
    app.add_middleware(Rates, requests=requests, failures=failures, knows=known.knows)
    app.add_middleware(Heads)
    # Behind a token, which no page that a browser was lured to can show.
    nameless = ("/metrics",) if settings.metrics_token else ()
    app.add_middleware(Hosts, names=settings.allowed_hosts, nameless=nameless)
    app.add_middleware(AnswerHeaders)


def _tracking(settings: Settings) -> TrackingServer | None:
    if settings.mlflow_uri is None:
        return None
    return TrackingServer(MlflowStore(settings.mlflow_uri), settings.links_url, read_environment())


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    make_private_folder(parts.settings.home)
    await upgrade(parts.database)
    await _keep_settings(parts)
    if parts.settings.role != "worker":
        await make_first_key(parts.database, parts.settings.api_key_file, parts.clock())
    if parts.settings.role != "worker":
        _start_signing(parts)
    if parts.settings.role != "api":
        _start_loops(parts)
    try:
        yield
    finally:
        await parts.loops.stop(LOOPS_SECONDS)
        await parts.clusters.aclose()
        await parts.database.close()


async def _keep_settings(parts: Parts) -> None:
    # Another process of the same settings that starts at the same moment has written the same.
    with contextlib.suppress(MadeMeanwhile):
        async with parts.database.write() as session:
            await keep_settings(session, parts.vault, parts.settings.clusters, parts.clock())


def _start_signing(parts: Parts) -> None:
    every_seconds = parts.settings.heartbeat_seconds / SIGNS_PER_HEARTBEAT
    parts.loops.start("sign of the API", lambda loop: keep_signing(parts.database, parts.clock, every_seconds, loop))


def _start_loops(parts: Parts) -> None:
    tools = Tools(parts.settings, parts.database, parts.clusters, parts.clock, parts.metrics)
    start_reconciler(tools, parts.loops)
    start_rounds(tools, parts.loops)
    start_retention(tools, parts.loops)
    parts.loops.start(
        "sender of webhooks", lambda loop: send_deliveries(parts.database, parts.postman, parts.clock, loop)
    )
    if parts.tracking is not None:
        projection = Projection(parts.database, parts.tracking, parts.clock, figure_files)
        parts.loops.start("projector", lambda loop: project(projection, loop))
