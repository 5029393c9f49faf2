"""Every part real, and every part can be killed: Ray heads and nodes, an MLflow server, the API, by pid."""

import json
import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
from chaos.evidence import Evidence, gather
from chaos.mlflow_runs import read_runs
from chaos.table import TABLE
from chaos.world import wait_until

from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.client.client import SupsweepClient
from service.embedded.api_server import api_server
from service.embedded.children import Child, ChildSpec
from service.embedded.home import Home
from service.embedded.mlflow_server import mlflow_server
from service.embedded.ports import LOOPBACK, free_ports
from service.embedded.ray_head import ray_head
from service.embedded.session import Mark, end_members, members
from service.embedded.stack import make_short_folder
from service.schemas.events import EventPage, EventView
from service.settings import Settings

LEASE_SECONDS = 20.0
HEARTBEAT_SECONDS = 3.0
PATIENCE_SECONDS = 20.0
READY_SECONDS = 180.0
GONE_SECONDS = 60.0

DRIVER = "trainers.runner"
TRIAL = "ray::ImplicitFunc"
"""What the command lines of runners and of trials' actors have in them."""


@dataclass
class Cluster:
    """One Ray cluster: its head, and nodes that have joined it."""

    name: str
    url: str
    token: str
    head: ChildSpec
    folder: Path

    @property
    def gcs_address(self) -> str:
        """Where nodes join."""
        (port,) = [word.removeprefix("--port=") for word in self.head.command if word.startswith("--port=")]
        return f"{LOOPBACK}:{port}"


@dataclass
class RealWorld:
    """What runs, by name; every process carries the mark of its child."""

    home: Home
    session: str = field(default_factory=lambda: secrets.token_hex(8))
    clusters: dict[str, Cluster] = field(default_factory=dict)
    api_url: str = ""
    mlflow_url: str = ""
    _children: dict[str, Child] = field(default_factory=dict)

    def add_cluster(self, name: str, cpus: int = 1) -> Cluster:
        """A cluster that is about to be started."""
        (port,) = free_ports(1)
        token, folder = secrets.token_hex(32), make_short_folder()
        head = replace(ray_head(token, port, folder, cpus), name=f"ray-{name}")
        self.clusters[name] = Cluster(name, f"http://{LOOPBACK}:{port}", token, head, folder)
        return self.clusters[name]

    def start(self) -> None:
        """Starts the heads, MLflow and the API, and waits until all are ready."""
        api_port, mlflow_port = free_ports(2)
        self.api_url, self.mlflow_url = f"http://{LOOPBACK}:{api_port}", f"http://{LOOPBACK}:{mlflow_port}"
        specs = [cluster.head for cluster in self.clusters.values()]
        specs += [mlflow_server(self.home, mlflow_port), self._api(api_port)]
        for spec in specs:
            self._children[spec.name] = Child(spec, self.session, self.home.logs / f"{spec.name}.log")
        for name in self._children:
            self.launch(name)
        for name in self._children:
            self.wait_until_ready(name)

    def launch(self, name: str) -> None:
        """Starts a child, for the first time or again."""
        self._children[name].start(time.monotonic())

    def wait_until_ready(self, name: str) -> None:
        """Returns when the child answers."""
        child = self._children[name]

        def is_ready() -> bool:
            child.look(time.monotonic())
            return child.is_ready

        wait_until(is_ready, READY_SECONDS, f"{name} to be ready")

    @contextmanager
    def kept_alive(self, name: str) -> Iterator[None]:
        """Starts the child again whenever it dies, on the same address."""
        is_over = threading.Event()

        def keep() -> None:
            while not is_over.wait(0.2):
                self._children[name].look(time.monotonic())

        keeper = threading.Thread(target=keep)
        keeper.start()
        try:
            yield
        finally:
            is_over.set()
            keeper.join()

    def add_node(self, cluster: Cluster, cpus: int = 1) -> None:
        """A second node joins the cluster; it ends like a machine that loses its power."""
        agent, metrics = free_ports(2)
        options = {
            "address": cluster.gcs_address,
            "node-ip-address": LOOPBACK,
            "dashboard-agent-listen-port": agent,
            "metrics-export-port": metrics,
            "min-worker-port": 0,
            "max-worker-port": 0,
            "object-store-memory": 100 * 2**20,
            "num-cpus": cpus,
        }
        script = Path(__file__).parent / "loopback_node.py"
        command = [sys.executable, str(script), "start", "--block", "--disable-usage-stats"]
        name = f"node-{cluster.name}"
        words = [f"--{key}={value}" for key, value in options.items()]
        spec = replace(cluster.head, name=name, command=command + words)
        self._children[name] = Child(spec, self.session, self.home.logs / f"{name}.log")
        self.launch(name)

    def kill(self, name: str) -> None:
        """Ends a child with everything that it has started, kill -9, by pid."""
        end_members(Mark(self.session, name))

    def kill_process(self, *words: str) -> None:
        """Ends the newest process whose command line has all the words, kill -9."""
        found = wait_until(lambda: self.processes(*words), GONE_SECONDS, f"a process with {words}")
        victim = max(found, key=lambda process: (process.create_time(), process.pid))
        victim.kill()
        psutil.wait_procs([victim], timeout=10)

    def processes(self, *words: str, child: str | None = None) -> Sequence[psutil.Process]:
        """Living processes of this world, or of one child, whose command line has all the words."""
        return [process for process in members(Mark(self.session, child)) if _has(process, words)]

    def end(self) -> None:
        """Leaves nothing."""
        end_members(Mark(self.session))
        for cluster in self.clusters.values():
            shutil.rmtree(cluster.folder, ignore_errors=True)

    def client(self) -> SupsweepClient:
        """A client that waits out a restart."""
        key = (self.home.folder / "api_key").read_text().strip()
        return SupsweepClient(self.api_url, key, patience_seconds=90)

    def check(self, fault: str, sweep_id: str, away: Sequence[str] = ()) -> Evidence:
        """Checks every invariant; `away` are clusters that cannot be asked."""
        wait_until(lambda: not self.at_work(), GONE_SECONDS, "drivers and trials to be gone")
        url = Settings(home=self.home.folder).effective_database_url
        audit = self.client().audit_sweep(sweep_id)
        evidence = gather(url, audit, read_runs(self.mlflow_url), self.at_work(), away)
        TABLE.check(fault, evidence)
        return evidence

    def at_work(self) -> list[str]:
        """Drivers and trials that run, by what they are and their pids."""
        return [f"{word} {process.pid}" for word in (DRIVER, TRIAL) for process in self.processes(word)]

    def events(self, sweep_id: str) -> list[EventView]:
        """Everything that has happened so far."""
        query, accept = {"limit": 1000}, {"Accept": "application/json"}
        answer = self.client()._call("GET", f"/v1/sweeps/{sweep_id}/events", params=query, headers=accept)
        return EventPage.model_validate_json(answer.content).items

    def _api(self, port: int) -> ChildSpec:
        spec = api_server(self.home, port, "", "", self.mlflow_url)
        clusters = {name: {"address": one.url, "token": one.token} for name, one in self.clusters.items()}
        changes = {
            "SUPSWEEP_CLUSTERS": json.dumps(clusters),
            "SUPSWEEP_LEASE_SECONDS": str(LEASE_SECONDS),
            "SUPSWEEP_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
            "SUPSWEEP_RUNNER_PATIENCE_SECONDS": str(PATIENCE_SECONDS),
            # A storm may hit one trial again and again, which must not look like the trial's own fault.
            "SUPSWEEP_MAX_ATTEMPTS": "20",
        }
        return replace(spec, environment={**spec.environment, **changes})


@contextmanager
def real_world(folder: Path) -> Iterator[RealWorld]:
    """A world in which nothing runs yet, and of which nothing is left."""
    home = Home(folder)
    for path in (home.folder, home.logs, home.mlflow):
        path.mkdir(parents=True, exist_ok=True)
    # Jobs start `python` and find what this process would.
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[2]))
    world = RealWorld(home)
    try:
        yield world
    finally:
        world.end()


def lasting_spec(clusters: Sequence[str], configurations: int = 4) -> SweepSpec:
    """Trials of several seconds each, so that a kill hits running ones."""
    spec = digits_smoke()
    arms = [arm.model_copy(update={"base": {"epochs": 20, "batch_size": 64}}) for arm in spec.arms]
    shared = {"learning_rate_multiplier": spec.shared["learning_rate_multiplier"].model_dump()}
    changed = {"arms": [arm.model_dump(mode="json") for arm in arms], "shared": shared, "clusters": list(clusters)}
    document = spec.model_dump(mode="json") | changed
    return vary(SweepSpec.model_validate(document), design={"configurations": configurations})


def _has(process: psutil.Process, words: Sequence[str]) -> bool:
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return all(word in line for word in words)
