"""/metrics: what the process and the ledger count, for Prometheus."""

import hmac
from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from service.api.dependencies import Parts, WiredParts
from service.errors import Unauthenticated

LOOPBACK = ("127.0.0.1", "::1")

_metrics_token = HTTPBearer(auto_error=False, description="SUPSWEEP_METRICS_TOKEN.", scheme_name="metrics_token")

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    operation_id="metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(
    parts: WiredParts,
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_metrics_token)],
) -> Response:
    """Metrics in Prometheus' text format. Open to callers on this machine, or to the holder of the metrics token."""
    _check(parts, request, credentials.credentials if credentials else "")
    families = [*await parts.totals.families(parts.database, parts.clock()), *_process(parts)]
    text = generate_latest(parts.metrics.registry) + generate_latest(_registry(families))
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _check(parts: Parts, request: Request, token: str) -> None:
    expected = parts.settings.metrics_token
    if expected is not None:
        if not hmac.compare_digest(token.encode(), expected.get_secret_value().encode()):
            raise Unauthenticated("metrics need the token of SUPSWEEP_METRICS_TOKEN: send it as Authorization: Bearer")
    elif request.client is None or request.client.host not in LOOPBACK:
        raise Unauthenticated(
            "metrics are open to this machine alone: set SUPSWEEP_METRICS_TOKEN to open them to others"
        )


def _process(parts: Parts) -> list[Metric]:
    """What this process is at, apart from its counters."""
    silence = GaugeMetricFamily(
        "supsweep_loop_silent_seconds", "Time since a background loop has turned.", labels=["loop"]
    )
    for loop in parts.loops.running():
        silence.add_metric([loop.name], loop.silent_seconds)
    pool = GaugeMetricFamily("supsweep_database_connections", "Connections to the database.", labels=["state"])
    for state, connections in parts.database.connections().items():
        pool.add_metric([state], connections)
    return [silence, pool]


def _registry(families: Sequence[Metric]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Families(families))
    return registry


class _Families(Collector):
    """Metrics that were collected already."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Every family."""
        return self._families
