"""Two API processes behind a balancer are replaced one after the other while a sweep runs: nobody notices."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from chaos.balancer import balancer
from chaos.checks import check_world
from chaos.event_listener import EventListener
from chaos.lives import follow, paired_spec
from chaos.own_postgres import OwnPostgres, own_postgres
from chaos.scripted_runner import ScriptedRunner
from chaos.world import Service, small_world, wait_until
from chaos.zygote import Zygote

from service.client.client import SupsweepClient
from service.lifecycle import RunnerState, SweepState
from trainers.runner.desk import Offer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EPOCH_SECONDS = 0.1
CHANGE_SECONDS = 0.3
PATIENCE_SECONDS = 60.0


class Upgrade:
    """How far it is. Trial n trains until stage n is over, so that one ends in each."""

    def __init__(self) -> None:
        self.stages = 0

    def drive(self, runner: ScriptedRunner) -> None:
        """The one job."""
        runner.start()
        runner.work(self._train)

    def end_stage(self, client: SupsweepClient, sweep_id: str) -> None:
        """The trial of the stage ends, whoever answers now."""
        self.stages += 1
        wait_until(lambda: client.get_sweep(sweep_id).trials_ended == self.stages, 60, f"trial {self.stages} to end")

    def _train(self, runner: ScriptedRunner, offer: Offer) -> None:
        for epoch in count(1):
            runner.step(offer, epoch)
            time.sleep(EPOCH_SECONDS)
            if runner.must_stop or self.stages > offer.assignment.number:
                break
        runner.complete(offer)


class Changes(threading.Thread):
    """Somebody who changes a label of the sweep all the time, each time to the next number."""

    def __init__(self, client: SupsweepClient, sweep_id: str) -> None:
        super().__init__(daemon=True)
        self.made = 0
        self.problem: Exception | None = None
        self.is_over = threading.Event()
        self._client, self._sweep_id = client, sweep_id
        self.start()

    def run(self) -> None:
        """Until it is over, or a call fails."""
        try:
            while not self.is_over.wait(CHANGE_SECONDS):
                self._client.change_sweep(self._sweep_id, {"labels": {"number": str(self.made + 1)}})
                self.made += 1
        except Exception as problem:  # told to whoever asks
            self.problem = problem


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


def test_every_process_is_replaced_in_turn_and_nobody_notices(
    zygote: Zygote, tmp_path: Path, postgres: OwnPostgres
) -> None:
    upgrade = Upgrade()
    with small_world(tmp_path, zygote, [upgrade.drive], postgres.create("upgraded")) as world, ExitStack() as stack:
        services = [world.add_service() for _ in range(2)]
        url = stack.enter_context(balancer([service.port for service in services]))
        for service in services:
            replace(service, url)
        key = (tmp_path / "api_key").read_text().strip()
        client = stack.enter_context(SupsweepClient(url, key, patience_seconds=PATIENCE_SECONDS))
        sweep_id = client.create_sweep(paired_spec()).id
        listeners = [EventListener([client], sweep_id, seed) for seed in range(4)]
        changes = Changes(client, sweep_id)
        for service in services:
            service.stop()
            upgrade.end_stage(client, sweep_id)
            replace(service, url)
            upgrade.end_stage(client, sweep_id)
        changes.is_over.set()
        changes.join(60)
        follow(client, sweep_id, SweepState.SUCCEEDED)
        events = list(client.events(sweep_id))
        heard = [listener.heard(60) for listener in listeners]
        (found,) = check_world(world, [sweep_id], "two APIs replaced in turn by SIGTERM")
    assert heard == [[event.sequence for event in events]] * len(listeners)
    assert changes.problem is None
    numbers = [event.data["changes"] for event in events if event.kind == "sweep.changed"]
    assert numbers == [{"labels": {"number": str(number)}} for number in range(1, changes.made + 1)]
    assert changes.made > 4
    assert [trial.attempts for trial in found.trials] == [1] * 4
    assert [runner.state for runner in found.runners] == [RunnerState.FINISHED], "somebody was fenced"


def replace(service: Service, url: str) -> None:
    """Starts the process anew; runners reach it by the balancer's URL."""
    service.start({"SUPSWEEP_PUBLIC_URL": url})
    wait_until(service.is_ready, 60, "the service")
