"""Real processes: one that stops in good order under load, some that cannot start, several that share the work."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fakes.ledger import small_spec
from fakes.ray_job import Job
from fakes.ray_server import RayServer
from fakes.serving import Serving, serving, serving_together
from sqlalchemy import text

from service.db.database import Database
from service.db.migrations import upgrade

pytestmark = pytest.mark.slow

STOP_SECONDS = 10.0
DOCUMENT = small_spec().model_dump(mode="json", exclude_defaults=True)


def idle(job: Job) -> None:
    """A runner that never asks."""
    job.stop_wanted.wait()


@pytest.fixture
def ray() -> Iterator[RayServer]:
    with RayServer(idle) as server:
        yield server


def clusters(ray: RayServer) -> str:
    return json.dumps({"local": {"address": ray.url, "token": ray.token}})


def test_sigterm_under_load_ends_streams_at_once_and_everything_soon(tmp_path: Path, ray: RayServer) -> None:
    with serving(tmp_path / "home", clusters=clusters(ray)) as service:
        http = httpx.Client(base_url=service.url, headers=service.headers, timeout=60)
        place = http.post("/v1/sweeps", json=DOCUMENT).raise_for_status().headers["Location"]
        streams = [_Stream(f"{service.url}{place}/events", service.headers) for _ in range(20)]
        load = [_Load(f"{service.url}/v1/sweeps", service.headers) for _ in range(4)]
        for one in (*streams, *load):
            one.has_begun.wait(30)
        code, seconds = service.stop()
        for one in (*streams, *load):
            one.join(30)
    assert code == 0, service.log
    assert seconds < STOP_SECONDS, service.log
    assert [stream.failure for stream in streams] == [None] * 20, "a stream ends as a whole, not in the middle"
    assert all(stream.events and stream.events == streams[0].events[: len(stream.events)] for stream in streams)
    assert all(status == 200 for one in load for status in one.statuses)
    assert "not stopped in time" not in service.log
    assert "Traceback" not in service.log


def test_claims_are_given_back_when_it_stops(tmp_path: Path, ray: RayServer) -> None:
    home = tmp_path / "home"
    ray.answer_after_seconds = 3.0
    with serving(home, clusters=clusters(ray)) as service:
        httpx.post(f"{service.url}/v1/sweeps", json=DOCUMENT, headers=service.headers).raise_for_status()
        while not ray.requests:
            time.sleep(0.05)
        code, seconds = service.stop()
    assert (code, seconds < STOP_SECONDS) == (0, True), service.log
    ray.answer_after_seconds = 0.0
    with serving(home, clusters=clusters(ray)):
        # A claim that was not given back would hold the sweep up for half a minute.
        deadline = time.monotonic() + 15
        while not ray.driving():
            assert time.monotonic() < deadline, "the next process has to wait for a claim"
            time.sleep(0.05)


def test_start_without_a_database_is_given_up_with_a_sentence(tmp_path: Path) -> None:
    url = "postgresql+asyncpg://me:hush@127.0.0.1:1/nothing"
    service = Serving(tmp_path / "home", database_url=url, startup_seconds="2")
    assert service.process.wait(120) == 1
    last = service.log.splitlines()[-1]
    assert last.startswith("supsweep cannot start: the database does not answer")
    assert "waiting for the database" in service.log
    assert "hush" not in service.log
    assert "Traceback" not in service.log


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"clusters": "no json"}, "clusters"), ({"lease_seconds": "-1"}, "SUPSWEEP_LEASE_SECONDS: ")],
)
def test_bad_setting_is_a_sentence_that_names_it(tmp_path: Path, settings: dict[str, str], field: str) -> None:
    service = Serving(tmp_path / "home", **settings)
    assert service.process.wait(120) == 1
    (line,) = service.log.splitlines()
    assert line.startswith("supsweep cannot start: ")
    assert field in line


def test_plain_uvicorn_tells_bad_settings_in_the_same_sentences(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "--factory", "service.main:create_app", "--port", "0"]
    environment = os.environ | {"SUPSWEEP_HOME": str(tmp_path / "home"), "SUPSWEEP_LEASE_SECONDS": "-1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("supsweep cannot start: SUPSWEEP_LEASE_SECONDS: ")


async def test_database_of_a_newer_release_is_refused_with_a_sentence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    database = Database(f"sqlite+aiosqlite:///{home / 'ledger.db'}")
    await upgrade(database)
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '2099_01_01_future'"))
    await database.close()
    service = Serving(home)
    assert service.process.wait(120) == 1
    assert service.log.splitlines()[-1].startswith("supsweep cannot start: the database was changed by a newer release")


def test_port_in_use_is_a_failure_not_a_hang(tmp_path: Path) -> None:
    with serving(tmp_path / "home", role="api") as first:
        second = Serving(tmp_path / "other", first.port, role="api")
        assert second.process.wait(120) != 0
        assert "address already in use" in second.log


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_workers_and_an_api_on_one_database_do_each_thing_once(
    tmp_path: Path, ray: RayServer, database_url: str
) -> None:
    shared = {"database_url": database_url, "clusters": clusters(ray), "reconcile_seconds": "0.05"}
    home = tmp_path / "home"
    with serving_together(*[Serving(home, role=role, **shared) for role in ("api", "worker", "worker")]) as services:
        api, one, other = services
        assert httpx.get(f"{one.url}/v1/sweeps", headers=api.headers).status_code == 404, "a worker has no API"
        assert "reconciler" not in httpx.get(f"{api.url}/readyz").text
        places = [
            httpx.post(f"{api.url}/v1/sweeps", json=DOCUMENT, headers=api.headers)
            .raise_for_status()
            .headers["Location"]
            for _ in range(12)
        ]
        while len(ray.driving()) < len(places):
            time.sleep(0.05)
        assert one.stop()[0] == other.stop()[0] == 0
        posts = [request for request in ray.requests if request == "POST /api/jobs/"]
        assert len(posts) == len(places), "a runner was submitted twice"
        for place in places:
            events = httpx.get(f"{api.url}{place}/events", headers=api.headers | {"Accept": "application/json"}).json()
            assert [event["kind"] for event in events["items"]].count("runner.opened") == 1
            assert [event["sequence"] for event in events["items"]] == list(range(1, len(events["items"]) + 1))


class _Stream(threading.Thread):
    """Follows a sweep's events until the stream ends."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.has_begun = threading.Event()
        self.events: list[str] = []
        self.failure: Exception | None = None
        self._url, self._headers = url, headers
        self.start()

    def run(self) -> None:
        """Until the end."""
        try:
            with httpx.stream("GET", self._url, headers=self._headers, timeout=60) as answer:
                for line in answer.iter_lines():
                    if line.startswith("id:"):
                        self.events.append(line)
                        self.has_begun.set()
        except httpx.TransportError as error:
            self.failure = error


class _Load(threading.Thread):
    """Asks again and again until nobody answers."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.has_begun = threading.Event()
        self.statuses: list[int] = []
        self._url, self._headers = url, headers
        self.start()

    def run(self) -> None:
        """Until the end."""
        with httpx.Client(headers=self._headers, timeout=60) as http:
            while True:
                try:
                    self.statuses.append(http.get(self._url).status_code)
                except httpx.TransportError:
                    return
                self.has_begun.set()
