"""What `supsweep clusters add` and `drain` do: make a cluster what was said, and wait for what follows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from service.cli.cluster_wording import what_runs_on
from service.cli.failures import CommandFailed
from service.client.client import SupsweepClient
from service.client.failures import ApiError
from service.schemas.clusters import ClusterView

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Tls:
    """How far an https address is trusted."""

    verify_tls: bool
    ca_certificate: str | None


def read_labels(texts: list[str]) -> dict[str, str]:
    """Labels from texts such as gpu=h100. Raises CommandFailed."""
    labels: dict[str, str] = {}
    for text in texts:
        key, is_there, value = text.partition("=")
        if not (key and is_there and value):
            raise CommandFailed(f"--label cannot be {text!r}; accepted: KEY=VALUE, such as gpu=h100")
        labels[key] = value
    return labels


def read_text(file: Path, what: str) -> str:
    """The file's text. Raises CommandFailed when it cannot be read, or is empty."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CommandFailed(f"{file} cannot be read: {reason}") from error
    if not text.strip():
        raise CommandFailed(f"{file} is empty; accepted: a file with {what}")
    return text


def apply(
    client: SupsweepClient, name: str, address: str, *, token: str | None, labels: Mapping[str, str], tls: Tls
) -> str:
    """Registers the cluster, or changes the one of that name and address; what was done.

    A token that is not given stays as it is. Raises CommandFailed for another address: what runs there would be
    taken for dead.
    """
    try:
        made = client.create_cluster(name, address, token=token, labels=labels, **asdict(tls))
    except ApiError as error:
        if error.problem.code != "cluster_exists":
            raise
    else:
        return f"is registered at {made.address}"
    known = client.get_cluster(name)
    if known.address != address.rstrip("/"):
        raise CommandFailed(
            f"cluster {name} is registered at {known.address} and not at {address}: take another name, or remove that "
            f"one first (supsweep clusters rm {name})"
        )
    changes = _differences(known, {"labels": dict(labels), **asdict(tls)}) | ({} if token is None else {"token": token})
    if not changes:
        return "was registered before, just so"
    client.change_cluster(name, **changes)
    return f"was registered before, and is changed: {', '.join(changes)}"


def wait_until_healthy(client: SupsweepClient, name: str, seconds: float) -> ClusterView:
    """The cluster once it is healthy. Raises CommandFailed with the problem when the time is over."""
    cluster = _wait(lambda: client.check_cluster(name), lambda view: view.health.is_healthy is True, seconds)
    if not cluster.health.is_healthy:
        raise CommandFailed(f"cluster {name} is not healthy after {seconds:g} s: {cluster.health.problem}")
    return cluster


def wait_until_drained(client: SupsweepClient, name: str, seconds: float) -> ClusterView:
    """The cluster once nothing of the service runs there. Raises CommandFailed when the time is over; it drains on."""
    cluster = _wait(lambda: client.get_cluster(name), lambda view: not view.open_jobs, seconds)
    if cluster.open_jobs:
        raise CommandFailed(f"cluster {name} is not empty after {seconds:g} s: {what_runs_on(cluster)}; it drains on")
    return cluster


def _differences(known: ClusterView, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in wanted.items() if getattr(known, field) != value}


def _wait(look: Callable[[], ClusterView], is_enough: Callable[[ClusterView], bool], seconds: float) -> ClusterView:
    """What was seen last: enough, or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        left_seconds = deadline - time.monotonic()
        if is_enough(seen) or left_seconds <= 0:
            return seen
        time.sleep(min(POLL_SECONDS, left_seconds))
