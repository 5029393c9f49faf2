"""A real Prometheus with the project's own configuration; only where it finds its targets is a test's."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fakes.dashboards import FOLDER

from service.embedded.ports import LOOPBACK, free_ports

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Scraped:
    """Something that Prometheus scrapes."""

    address: str
    token: str = ""

    def text(self) -> str:
        """Its metrics."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.get(f"http://{self.address}/metrics", headers=headers).raise_for_status().text


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    url: str

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """The series that the expression has now. Raises on one that it cannot read."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}).raise_for_status().json()
        series: list[dict[str, Any]] = answer["data"]["result"]
        return series


def program(name: str) -> str:
    """Path of prometheus or promtool. Without it a test is skipped, but where CI is set it fails."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    path = shutil.which(name, path=places)
    if path is None:
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell(f"{name} is not here: `make prometheus` takes it from Debian's package, or put it into PATH")
    return path


@contextlib.contextmanager
def prometheus(folder: Path, targets: Mapping[str, Scraped]) -> Iterator[Prometheus]:
    """Starts one on the loopback interface, and ends it.

    `targets` are by the name under which compose's DNS would know them; jobs of other names find nothing.
    """
    (port,) = free_ports(1)
    one = Prometheus(f"http://{LOOPBACK}:{port}")
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={_configuration(folder, targets, port)}",
                f"--storage.tsdb.path={folder / 'series'}",
                f"--web.listen-address={LOOPBACK}:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(one, process, folder / "prometheus.log")
        yield one
    finally:
        process.kill()
        process.wait()


def _configuration(folder: Path, targets: Mapping[str, Scraped], port: int) -> Path:
    """prometheus.yml, with addresses in the place of names, and scraping every second."""
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration["rule_files"] = [str(FOLDER / file) for file in configuration["rule_files"]]
    for job in configuration["scrape_configs"]:
        names = [name for found in job.pop("dns_sd_configs", []) for name in found["names"] if name in targets]
        job["static_configs"] = [
            {"targets": [targets[name].address], "labels": {"__meta_dns_name": name}} for name in names
        ]
        if "authorization" in job:
            token = "".join(targets[name].token for name in names)
            job["authorization"]["credentials_file"] = str(_written(folder / "token", token))
    return _written(folder / "prometheus.yml", yaml.safe_dump(configuration))


def _written(file: Path, content: str) -> Path:
    file.write_text(content)
    return file


def _wait_until_ready(one: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{one.url}/-/ready").is_success:
                return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
