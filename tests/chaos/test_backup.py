"""A backup by pg_dump while a sweep runs, and everything lost but that: the restored ledger goes on, MLflow follows."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos.checks import check_world
from chaos.lives import LIFE_SECONDS, follow, paired_spec, running_trials
from chaos.own_postgres import OwnPostgres, own_postgres
from chaos.scripted_runner import ScriptedRunner, train_well
from chaos.world import kept_alive, small_world, wait_until
from chaos.zygote import Zygote
from typer.testing import CliRunner

from service.cli.main import app
from service.client.client import SupsweepClient
from service.lifecycle import SweepState
from trainers.runner.desk import Offer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


def run_tool(name: str, postgres: OwnPostgres, *words: str) -> None:
    """One of PostgreSQL's own programs, with this server."""
    command = [postgres.programs / name, "--host", postgres.folder, "--username", "postgres", *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr


def waiting_for(event: threading.Event) -> Callable[[ScriptedRunner], None]:
    """A job that trains its second trial until the event, and its third one for ever."""

    def train(runner: ScriptedRunner, offer: Offer) -> None:
        number = offer.assignment.number
        if number == 0:
            train_well(runner, offer)
            return
        runner.step(offer, 1)
        while not runner.must_stop and not (number == 1 and event.is_set()):
            time.sleep(0.02)
        if not runner.must_stop:
            runner.complete(offer)

    def drive(runner: ScriptedRunner) -> None:
        runner.start()
        runner.work(train)

    return drive


def test_restored_ledger_goes_on_and_mlflow_is_made_its_equal(
    zygote: Zygote, tmp_path: Path, postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_saved = threading.Event()
    with small_world(tmp_path, zygote, [waiting_for(is_saved)], postgres.create("ledger")) as world:
        service, backup = world.add_service(), str(tmp_path / "ledger.dump")
        with kept_alive(service):
            client = world.client()
            sweep_id = client.create_sweep(paired_spec()).id
            wait_until(lambda: has_one_of_each(client, sweep_id), LIFE_SECONDS, "a trial that runs after one has ended")
            run_tool("pg_dump", postgres, "--format=custom", "--file", backup, "ledger")
            is_saved.set()
            wait_until(lambda: client.get_sweep(sweep_id).trials_ended == 2, LIFE_SECONDS, "a trial that is not in it")
            wait_until(lambda: client.get_sweep(sweep_id).mlflow_events_behind == 0, LIFE_SECONDS, "MLflow to show it")
        service.kill()
        run_tool("dropdb", postgres, "--force", "ledger")
        world.database_url = postgres.create("restored")
        run_tool("pg_restore", postgres, "--exit-on-error", "--dbname", "restored", backup)
        with kept_alive(service):
            client = world.client()
            assert client.get_sweep(sweep_id).trials_ended == 1
            monkeypatch.setenv("SUPSWEEP_URL", service.url)
            monkeypatch.setenv("SUPSWEEP_HOME", str(tmp_path))
            rebuilt = CliRunner().invoke(app, ["mlflow", "rebuild", sweep_id])
            assert rebuilt.exit_code == 0, rebuilt.output
            follow(client, sweep_id, SweepState.SUCCEEDED)
            (found,) = check_world(world, [sweep_id], "the ledger restored from pg_dump")
    endings = [attempt.ending for attempts in found.attempts.values() for attempt in attempts]
    assert sorted(endings) == ["completed"] * 4 + ["lost"], "what ran at the backup is done again, no more than that"


def has_one_of_each(client: SupsweepClient, sweep_id: str) -> bool:
    """Whether a trial has ended and another one runs."""
    return client.get_sweep(sweep_id).trials_ended == 1 and running_trials(client, sweep_id) == 1
