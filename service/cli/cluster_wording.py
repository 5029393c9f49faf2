"""How the command tells of a cluster: how it is, what of it is free, what of ours runs there."""

from service.schemas.clusters import ClusterHealth, ClusterView


def row_of(cluster: ClusterView) -> tuple[str, ...]:
    """The cluster in a table: name, address, health, CPUs and GPUs that are free, trials, labels."""
    labels = ", ".join(f"{key}={value}" for key, value in sorted(cluster.labels.items())) or "–"
    cpus, gpus = _shares(cluster.health)
    return cluster.name, cluster.address, health_of(cluster), cpus, gpus, str(cluster.running_trials), labels


def health_of(cluster: ClusterView) -> str:
    """Whether it answers, and whether it is being emptied."""
    health = _answers(cluster.health)
    if not cluster.is_draining:
        return health
    return f"draining, {health}" if cluster.open_jobs else f"drained, {health}"


def capacity(cluster: ClusterView) -> str:
    """What it has, and what of it is free."""
    cpus, gpus = _shares(cluster.health)
    nodes = _counted(cluster.health.nodes or 0, "node")
    return f"Ray {cluster.health.ray_version}, {nodes}, CPUs free {cpus}, GPUs free {gpus}"


def what_runs_on(cluster: ClusterView) -> str:
    """What of this service runs there."""
    if not cluster.open_jobs:
        return "nothing of this service runs there"
    return f"{_counted(cluster.running_trials, 'trial')} in {_counted(cluster.open_jobs, 'job')} still there"


def _answers(health: ClusterHealth) -> str:
    if health.is_healthy is None:
        return "not asked yet"
    return "healthy" if health.is_healthy else f"unhealthy: {health.problem}"


def _shares(health: ClusterHealth) -> tuple[str, str]:
    return _share(health.cpus_free, health.cpus_total), _share(health.gpus_free, health.gpus_total)


def _share(free: float | None, total: float | None) -> str:
    return "–" if free is None or total is None else f"{free:g}/{total:g}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
