"""`supsweep clusters`: the registered clusters, how they are and what of them is free."""

import typer

from service.cli.connection import connect
from service.cli.wording import make_console, make_table
from service.schemas.clusters import ClusterHealth, ClusterView


def clusters() -> None:
    """List clusters with their health and what of them is free."""
    with connect() as client:
        found = list(client.list_clusters())
    if not found:
        typer.echo("no clusters; an admin registers them with POST /v1/clusters")
        return
    header = ("name", "address", "health", "CPUs free", "GPUs free", "labels")
    make_console().print(make_table(header, [_row(cluster) for cluster in found]))


def _row(cluster: ClusterView) -> tuple[str, ...]:
    health = cluster.health
    labels = ", ".join(f"{key}={value}" for key, value in sorted(cluster.labels.items())) or "–"
    cpus, gpus = _share(health.cpus_free, health.cpus_total), _share(health.gpus_free, health.gpus_total)
    return cluster.name, cluster.address, _wording(health), cpus, gpus, labels


def _wording(health: ClusterHealth) -> str:
    if health.is_healthy is None:
        return "not asked yet"
    return "healthy" if health.is_healthy else f"unhealthy: {health.problem}"


def _share(free: float | None, total: float | None) -> str:
    return "–" if free is None or total is None else f"{free:g}/{total:g}"
