"""The API as `supsweep up` starts it: heard on this machine alone, by its own names, within bounds."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from service.embedded.api_server import api_server
from service.embedded.home import Home
from service.embedded.ports import free_ports

START_SECONDS = 60.0
TOKEN = "f" * 64

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """A client with the home's key, and the process that answers it."""
    home = Home(tmp_path_factory.mktemp("home"))
    (port,) = free_ports(1)
    spec = api_server(home, port, "http://127.0.0.1:1", TOKEN, "http://127.0.0.1:1")
    environment = {name: value for name, value in (os.environ | dict(spec.environment)).items() if value is not None}
    with subprocess.Popen(spec.command, env=environment, stderr=(home.folder / "log").open("wb")) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                _wait_until_it_answers(client, home.folder / "log")
                client.headers["Authorization"] = f"Bearer {(home.folder / 'api_key').read_text().strip()}"
                yield client, psutil.Process(process.pid)
        finally:
            process.terminate()


def _wait_until_it_answers(client: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return


def test_nobody_else_can_connect(served: tuple[httpx.Client, psutil.Process]) -> None:
    _client, process = served
    listening = [one.laddr.ip for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]


def test_a_page_whose_name_means_this_machine_reaches_nothing(served: tuple[httpx.Client, psutil.Process]) -> None:
    client, _process = served
    assert client.get("/v1/sweeps").status_code == 200
    assert client.get("/v1/sweeps", headers={"Host": f"localhost:{client.base_url.port}"}).status_code == 200
    answer = client.get("/v1/sweeps", headers={"Host": f"evil.example:{client.base_url.port}"})
    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


def test_headers_without_end_are_cut_off(served: tuple[httpx.Client, psutil.Process]) -> None:
    client, _process = served
    assert client.get("/healthz", headers={"X-Long": "a" * 10_000}).status_code == 200
    assert client.get("/healthz", headers={"X-Long": "a" * 1_000_000}).status_code == 400


def test_a_body_in_chunks_is_cut_off(served: tuple[httpx.Client, psutil.Process]) -> None:
    client, _process = served
    head = f"POST /v1/sweeps HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {client.headers['Authorization']}\r\n"
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=10) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        with pytest.raises(ConnectionError):
            for _ in range(10_000):
                connection.sendall(chunk)


def test_the_log_holds_no_key(served: tuple[httpx.Client, psutil.Process]) -> None:
    client, process = served
    secret = client.headers["Authorization"].rpartition("_")[2]
    client.get("/v1/sweeps/missing")
    log = Path(process.environ()["SUPSWEEP_HOME"]) / "log"
    assert "/v1/sweeps" in log.read_text()
    assert secret not in log.read_text()
    assert TOKEN not in log.read_text()
