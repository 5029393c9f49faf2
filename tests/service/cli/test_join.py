"""`supsweep join` as real processes that real signals end: its trial is given back, and nothing of it runs on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest
from fakes.machine import wait_until
from fakes.running_service import RunningService

from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.client.client import SupsweepClient
from service.lifecycle import TrialState

pytestmark = pytest.mark.slow

JOIN = "from service.cli.main import main; main()"
Joined = subprocess.Popen[bytes]


def endless_spec() -> SweepSpec:
    """Trials that nobody waits for."""
    document = digits_smoke().model_dump(mode="json", exclude_defaults=True)
    arms = [arm | {"base": {"epochs": 5000, "batch_size": 64}} for arm in document["arms"]]
    return vary(digits_smoke(), arms=arms)


@pytest.fixture
def sweep_id(client: SupsweepClient) -> Iterator[str]:
    """A sweep whose trials last."""
    made = client.create_sweep(endless_spec()).id
    yield made
    client.cancel_sweep(made)


@pytest.fixture
def join(service: RunningService) -> Iterator[Callable[[str], Joined]]:
    """Starts the command in a process group of its own, as a shell does."""
    started: list[Joined] = []

    def start(sweep_id: str) -> Joined:
        command = [sys.executable, "-c", JOIN, "join", sweep_id, "--name", "mine"]
        started.append(subprocess.Popen(command, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        if members_of(process):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def members_of(leader: Joined) -> list[int]:
    """The living processes of its group."""
    alive = [one.pid for one in psutil.process_iter(["status"]) if one.info["status"] != psutil.STATUS_ZOMBIE]
    return [pid for pid in alive if group_of(pid) == leader.pid]


def group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def events(service: RunningService, sweep_id: str, kind: str) -> list[dict[str, Any]]:
    """What has happened so far."""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {service.api_key}"}
    page = httpx.get(f"{service.url}/v1/sweeps/{sweep_id}/events", headers=headers).raise_for_status().json()
    return [event for event in page["items"] if event["kind"] == kind]


def interrupt_the_group(command: Joined) -> None:
    """Ctrl-C in a terminal."""
    os.killpg(command.pid, signal.SIGINT)


def terminate_the_command(command: Joined) -> None:
    """`kill`."""
    command.terminate()


@pytest.mark.parametrize("end", [interrupt_the_group, terminate_the_command])
def test_ended_command_gives_its_trial_back_and_leaves_nothing_running(
    service: RunningService,
    client: SupsweepClient,
    sweep_id: str,
    join: Callable[[str], Joined],
    end: Callable[[Joined], Any],
) -> None:
    command = join(sweep_id)
    wait_until(lambda: events(service, sweep_id, "trial.step"), 240, "the worker's first epoch")
    end(command)
    assert command.wait(60) == 143
    assert members_of(command) == []
    (lost,) = events(service, sweep_id, "trial.lost")
    assert lost["data"]["reason"] == "its runner has ended"
    assert {trial.state for trial in client.list_trials(sweep_id)} == {TrialState.PLANNED}
