"""What there is to see: a service whose ledger has a few trials, and the node of a real Ray cluster."""

import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from fakes.prometheus import Scraped
from fakes.running_service import running_service

from search_spaces.presets import digits_smoke
from service.client.client import SupsweepClient
from service.embedded.children import Child
from service.embedded.ports import LOOPBACK, free_ports
from service.embedded.ray_head import ray_head
from service.embedded.stack import make_short_folder

TOKEN = "a-token-for-scrapers"
FIRST_NUMBERS_SECONDS = 180.0


@pytest.fixture(scope="session")
def scraped_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """A service with one trial that ended, one that runs, and others planned. It is scraped by its address, no name."""
    home = tmp_path_factory.mktemp("home")
    # A lease that outlives the session: the runner of the trial that runs is never heard again.
    settings = {"metrics_token": TOKEN, "allowed_hosts": ["localhost"], "lease_seconds": 3600}
    with running_service(home, **settings) as service:
        _train_a_little(service.url.replace(LOOPBACK, "localhost"), service.api_key)
        yield Scraped(service.url.removeprefix("http://"), TOKEN)


@pytest.fixture(scope="session")
def ray_node() -> Iterator[Scraped]:
    """The head of a real Ray cluster, with a GPU that is only said to be there."""
    folder, (dashboard, metrics) = make_short_folder(), free_ports(2)
    spec = ray_head(secrets.token_hex(32), dashboard, folder, cpus=2)
    command = [*spec.command, "--num-gpus=1", f"--metrics-export-port={metrics}"]
    environment = {**spec.environment, "RAY_enable_metrics_collection": "1"}
    head = Child(replace(spec, command=command, environment=environment), secrets.token_hex(8), folder / "ray.log")
    head.start(time.monotonic())
    node = Scraped(f"{LOOPBACK}:{metrics}")
    try:
        _wait_for_numbers(head, node)
        yield node
    finally:
        head.end(5.0)
        shutil.rmtree(folder, ignore_errors=True)


def _train_a_little(url: str, api_key: str) -> None:
    with SupsweepClient(url, api_key) as client:
        sweep_id = client.create_sweep(digits_smoke()).id
    owner = {"Authorization": f"Bearer {api_key}"}
    joined = httpx.post(f"{url}/v1/sweeps/{sweep_id}/workers", json={"name": "mine"}, headers=owner).json()
    runner = f"{url}/v1/runners/{joined['brief']['runner_id']}"
    token = {"Authorization": f"Bearer {joined['token']}"}
    for trial in ("first", "second"):
        httpx.post(f"{runner}/ask", json={"tune_trial_id": trial}, headers=token).raise_for_status()
    ending = {"tune_trial_id": "first", "outcome": "completed", "scores": {"val_top1": 0.5}}
    report = {"sequence": 1, "outcomes": [{**ending, "attempt_device_seconds": 3.0}]}
    httpx.post(f"{runner}/report", json=report, headers=token).raise_for_status()


def _wait_for_numbers(head: Child, node: Scraped) -> None:
    """Ray's agent measures for the first time some seconds after the head has answered."""
    deadline = time.monotonic() + FIRST_NUMBERS_SECONDS
    while not (head.is_ready and {"ray_node_cpu_count{", "ray_resources{"} <= _beginnings(node)):
        assert time.monotonic() < deadline, head.tail()
        head.look(time.monotonic())
        time.sleep(0.2)


def _beginnings(node: Scraped) -> set[str]:
    try:
        return {line.partition("{")[0] + "{" for line in node.text().splitlines()}
    except httpx.TransportError:
        return set()
