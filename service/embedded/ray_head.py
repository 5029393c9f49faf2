"""The local Ray head: `ray start --head --block`, loopback only, with a token, without what a sweep does not need."""

import logging
import os
import shutil
import sys
from pathlib import Path

from service.embedded.children import ChildSpec
from service.embedded.ports import LOOPBACK, free_ports

log = logging.getLogger(__name__)

OBJECT_STORE_BYTES = 150 * 2**20
"""Trials hand no data through Ray; its least is 75 MiB."""

# Ray 2.60 starts in 4 to 15 s on two cores, depending on what the page cache holds.
READY_SECONDS = 120.0


def ray_head(token: str, dashboard_port: int, temporary_folder: Path, cpus: int | None) -> ChildSpec:
    """The head of a one-machine cluster; `cpus` none takes every core, GPUs are found by Ray."""
    gcs, client, agent, dashboard_metrics = free_ports(4)
    options = {
        "node-ip-address": LOOPBACK,
        "port": gcs,
        "dashboard-host": LOOPBACK,
        "dashboard-port": dashboard_port,
        "dashboard-agent-listen-port": agent,
        "ray-client-server-port": client,
        # 0 lets every worker take any free port.
        "min-worker-port": 0,
        "max-worker-port": 0,
        "object-store-memory": OBJECT_STORE_BYTES,
        "include-log-monitor": "false",
        "temp-dir": temporary_folder,
    }
    if cpus is not None:
        options["num-cpus"] = cpus
    flags = ["--head", "--block", "--disable-usage-stats", "--no-monitor"]
    url = f"http://{LOOPBACK}:{dashboard_port}"
    return ChildSpec(
        name="ray",
        title="the Ray head",
        command=[_ray(), "start", *flags, *(f"--{name}={value}" for name, value in options.items())],
        environment=_environment(token, dashboard_metrics),
        health_url=f"{url}/api/version",
        health_headers={"Authorization": f"Bearer {token}"},
        ready_seconds=READY_SECONDS,
    )


def keep_runner_logs(temporary_folder: Path, logs: Path) -> None:
    """Copies what the runners have said to `logs`: Ray's folder goes with its head. What cannot be copied is told."""
    for file in temporary_folder.glob("session_latest/logs/job-driver-*.log"):
        try:
            shutil.copyfile(file, logs / file.name)
        except OSError as error:
            log.warning("the log %s of a runner could not be kept: %s", file.name, error)


def _ray() -> str:
    return str(Path(sys.executable).parent / "ray")


def _environment(token: str, dashboard_metrics_port: int) -> dict[str, str | None]:
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
        # A head of somebody else's would otherwise be joined.
        "RAY_ADDRESS": None,
        # The only switch that makes every part of Ray listen on the loopback interface alone.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "DASHBOARD_METRIC_PORT": str(dashboard_metrics_port),
        "RAY_enable_metrics_collection": "0",
        # Else SIGTERM waits 30 s for running trials, which the ledger plans again anyway.
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
        # Jobs start `python`: it must be this one.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        # One thread per process unless a trial asks for more: trials run side by side.
        "OMP_NUM_THREADS": "1",
    }
