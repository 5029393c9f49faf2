"""A small world for faults: service processes on one database, a cluster whose jobs are scripted, a clock to turn."""

import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
import psutil
from chaos import crash_points, crashing_service
from chaos.scripted_runner import Script, ScriptedRunner, do_well
from chaos.zygote import Zygote
from fakes.ray_job import Job
from fakes.ray_server import RayServer

from service.client.client import SupsweepClient

CLOCK_SPEED = 10.0
LEASE_SECONDS = 60.0
HEARTBEAT_SECONDS = 10.0
LONG_LEASE_SECONDS = 10 * LEASE_SECONDS
"""For runners that nobody may give up, however busy the machine is."""
DOWNTIME_SECONDS = 100.0
"""By the clock, between the death of a service and its next start: claims and submissions have ended by then."""

POOR_OWNER, POOR_DEVICE_HOURS = "poor", 1.5 / 3600
"""Somebody whose quota is used up after a trial."""

PATIENCE_SECONDS = 60.0
START_SECONDS = 30.0
STOP_SECONDS = 30.0
PORTS = (20_000, 32_000)

LOOK_SECONDS = 0.1
"""Whoever waits asks the service, which has better things to do."""

POOL = '"logger": "sqlalchemy.pool'

Value = TypeVar("Value")


def wait_until(condition: Callable[[], Value], seconds: float, what: str) -> Value:
    """The condition's first true value. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(LOOK_SECONDS)
    return value


@dataclass
class Service:
    """One API process, by its port; it may be started again and again."""

    world: "World"
    port: int
    process: psutil.Process | None = None
    starts: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        # One that is a zombie may have threads that still hold its port.
        return self.process is not None and self.process.is_running()

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return self.world.probe.get(f"{self.url}/healthz").is_success
        except httpx.TransportError:
            return False

    def start(self, orders: Mapping[str, str] | None = None) -> None:
        """Starts the process, which dies where `orders` say."""
        self.starts += 1
        environment = self.world.environment(self) | dict(orders or {})
        self.process = psutil.Process(self.world.zygote.start_service(self.port, environment, self.world.log))

    def stop(self) -> None:
        """SIGTERM, and the good order that follows."""
        assert self.process is not None
        self.process.terminate()
        _gone, alive = psutil.wait_procs([self.process], timeout=STOP_SECONDS)
        assert not alive, "it does not stop"

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        try:
            self.process.kill()
        except psutil.NoSuchProcess:
            return
        psutil.wait_procs([self.process], timeout=10)


@dataclass
class World:
    """Everything that a sweep needs."""

    folder: Path
    zygote: Zygote
    database_url: str
    ray: RayServer
    scripts: list[Script]
    epoch: float = field(default_factory=time.time)
    services: list[Service] = field(default_factory=list)
    clock_offset: float = 0.0
    probe: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=5, trust_env=False, verify=False))
    """Asks whether services are ready; one, because what it is made of takes longer than a start."""
    lease_seconds: float = LEASE_SECONDS
    """By the clock: how long a runner may be silent before it is given up."""
    expected_complaint: str = "nothing"
    """What services may log as an error of their own, because a life makes it happen."""

    def __post_init__(self) -> None:
        self._turning = threading.Lock()
        self.turn_clock(0.0)

    @property
    def log(self) -> Path:
        """What the services say."""
        return self.folder / "service.log"

    @property
    def points_file(self) -> Path:
        """Every crash point that was reached, in order."""
        return self.folder / "points"

    @property
    def tracking_file(self) -> Path:
        """What stands in for MLflow."""
        return self.folder / "mlflow"

    @property
    def clock_file(self) -> Path:
        """By how much the clock is wrong."""
        return self.folder / "clock"

    def add_service(self) -> Service:
        """Another API process on the same database, not yet started."""
        service = Service(self, _free_port())
        self.services.append(service)
        return service

    def environment(self, service: Service) -> dict[str, str]:
        """What a service is told."""
        cluster = {"local": {"address": self.ray.url, "token": self.ray.token}}
        return {
            "SUPSWEEP_HOME": str(self.folder),
            "SUPSWEEP_DATABASE_URL": self.database_url,
            "SUPSWEEP_PUBLIC_URL": service.url,
            "SUPSWEEP_CLUSTERS": json.dumps(cluster),
            "SUPSWEEP_MLFLOW_URI": "http://127.0.0.1:1",
            "SUPSWEEP_LEASE_SECONDS": str(self.lease_seconds),
            "SUPSWEEP_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
            "SUPSWEEP_RECONCILE_SECONDS": "0.2",
            "SUPSWEEP_REQUESTS_PER_SECOND": "0",
            "SUPSWEEP_WEBHOOKS_ALLOW_HTTP": "true",
            "SUPSWEEP_WEBHOOKS_ALLOW_PRIVATE": "true",
            "SUPSWEEP_QUOTAS": json.dumps({POOR_OWNER: {"device_hours": POOR_DEVICE_HOURS}}),
            "SUPSWEEP_LOG_FORMAT": "json",
            "SUPSWEEP_LOG_LEVEL": "warning",
            crash_points.POINTS_FILE: str(self.points_file),
            crashing_service.CLOCK_FILE: str(self.clock_file),
            crashing_service.CLOCK_SPEED: str(CLOCK_SPEED),
            crashing_service.CLOCK_EPOCH: str(self.epoch),
            crashing_service.TRACKING_FILE: str(self.tracking_file),
        }

    @property
    def mlflow_is_away_file(self) -> Path:
        """What stands in for MLflow refuses every call while this file is there."""
        return self.tracking_file.with_suffix(crashing_service.AWAY)

    @property
    def broken_report_file(self) -> Path:
        """No report can be made while this file is there."""
        return self.folder / crashing_service.BROKEN_REPORT

    def turn_clock(self, seconds: float) -> None:
        """Makes the clock of every service wrong by so much more."""
        with self._turning:
            self.clock_offset += seconds
            temporary = self.clock_file.with_suffix(".new")
            temporary.write_text(str(self.clock_offset))
            temporary.replace(self.clock_file)

    def client(self, service: Service | None = None) -> SupsweepClient:
        """A client that waits out a restart."""
        service = service or self.services[0]
        wait_until(service.is_ready, START_SECONDS, "the service to be ready")
        key = (self.folder / "api_key").read_text().strip()
        return SupsweepClient(service.url, key, patience_seconds=PATIENCE_SECONDS)

    def drive(self, job: Job) -> None:
        """What the cluster does with a job: the next script of this world. Raises RunnerDied."""
        if not job.environment:
            # Nobody has told it of a service: it runs until it is stopped.
            job.stop_wanted.wait()
            return
        script = self.scripts.pop(0) if self.scripts else do_well
        script(ScriptedRunner.of_job(job, HEARTBEAT_SECONDS / CLOCK_SPEED))

    def running_jobs(self, sweep_id: str) -> Sequence[str]:
        """Jobs of the sweep that still run on a cluster."""
        return [submission_id for submission_id in self.ray.driving() if sweep_id in submission_id]

    def crashed_at(self) -> list[str]:
        """Where services have died by order."""
        return crash_points.crashed_at(self.points_file)

    def has_passed(self, place: str) -> bool:
        """Whether a service has come through a point of that place."""
        return f"after the commit of {place}" in self.points_file.read_text()

    def complaints(self) -> list[str]:
        """What the services have logged as errors of their own."""
        text = self.log.read_text() if self.log.exists() else ""
        lines = [line for line in text.splitlines() if '"level": "error"' in line or line.startswith("Traceback")]
        # The pool tells of each connection that a step held whose claim was lost: that one is gone, as it should be.
        return [line for line in lines if self.expected_complaint not in line and POOL not in line]


@contextmanager
def small_world(
    folder: Path,
    zygote: Zygote,
    scripts: Sequence[Script] = (),
    database_url: str = "",
    lease_seconds: float = LEASE_SECONDS,
) -> Iterator[World]:
    """A world in which nothing runs yet, and of which nothing is left."""
    folder.mkdir(parents=True, exist_ok=True)
    url = database_url or f"sqlite+aiosqlite:///{folder / 'ledger.db'}"
    worlds: list[World] = []
    # The cluster is there before the world that drives its jobs.
    with RayServer(lambda job: worlds[0].drive(job)) as ray:  # noqa: PLW0108
        world = World(folder, zygote, url, ray, list(scripts), lease_seconds=lease_seconds)
        worlds.append(world)
        try:
            yield world
        finally:
            world.probe.close()
            for service in world.services:
                if service.process is not None:
                    service.kill()


@contextmanager
def kept_alive(
    service: Service, orders: Mapping[str, str] | None = None, *, downtime_seconds: float = DOWNTIME_SECONDS
) -> Iterator[None]:
    """Starts the service with these orders, and again each time that it dies, later by the clock."""
    is_over = threading.Event()

    def keep() -> None:
        while not is_over.wait(0.02):
            if not service.is_alive:
                service.world.turn_clock(downtime_seconds)
                service.start(orders)

    service.start(orders)
    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        is_over.set()
        keeper.join()


_ports = itertools.count(random.randrange(*PORTS))
"""No two worlds get the same: one's service may be down when the other looks whether a port is free."""


def _free_port() -> int:
    """A port that no outgoing connection takes while its service is down, as those of the ephemeral range may be."""
    low, high = PORTS
    while True:
        port = low + next(_ports) % (high - low)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
