"""Two API processes on one PostgreSQL: they race, they are killed, the database is killed; and SQLite under fire."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from chaos.checks import check_world
from chaos.event_listener import EventListener
from chaos.lives import follow, paired_spec, search_spec
from chaos.own_postgres import OwnPostgres, own_postgres
from chaos.scripted_runner import do_well, search_well
from chaos.world import Service, World, kept_alive, small_world, wait_until
from chaos.zygote import Zygote

from search_spaces.presets.vary import vary
from service.client.client import SupsweepClient
from service.lifecycle import SweepState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KILLS = 8
LISTENERS = 4


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


@contextmanager
def two_services(folder: Path, zygote: Zygote, url: str) -> Iterator[World]:
    """Two processes that are started again whenever they die, the clock of the other going on."""
    with small_world(folder, zygote, [search_well, do_well, search_well], url) as world, ExitStack() as stack:
        for _ in range(2):
            service = world.add_service()
            stack.enter_context(kept_alive(service, downtime_seconds=0.0))
            wait_until(service.is_ready, 60, "the service")
        yield world


@contextmanager
def killed_at_random(services: Sequence[Service], seed: int) -> Iterator[None]:
    """Kills one of the services -9 every now and then while the body runs."""
    is_over = threading.Event()
    draws = random.Random(seed)

    def kill() -> None:
        for _ in range(KILLS):
            if is_over.wait(draws.uniform(0.2, 1.5)):
                return
            victim = draws.choice(services)
            if victim.is_alive:
                victim.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        is_over.set()
        killer.join()


def clients_of(world: World) -> list[SupsweepClient]:
    return [world.client(service) for service in world.services]


def create_sweeps(clients: Sequence[SupsweepClient]) -> list[str]:
    """A search, and a paired sweep of eight trials, two at a time; each by another process."""
    large = vary(paired_spec(), design={"configurations": 4}, resources={"max_concurrent": 2})
    return [clients[0].create_sweep(search_spec()).id, clients[1].create_sweep(large).id]


def listen(clients: Sequence[SupsweepClient], sweep_ids: Sequence[str]) -> list[EventListener]:
    return [EventListener(clients, sweep_id, seed) for sweep_id in sweep_ids for seed in range(LISTENERS)]


def check_heard(listeners: Sequence[EventListener]) -> None:
    """Everybody has heard every event once, in order."""
    for listener in listeners:
        heard = listener.heard(60)
        assert heard == list(range(1, len(heard) + 1))
        assert listener.connections > 2


def test_two_services_race_and_die_and_nobody_notices(zygote: Zygote, tmp_path: Path, postgres: OwnPostgres) -> None:
    with two_services(tmp_path, zygote, postgres.create("raced")) as world:
        clients = clients_of(world)
        sweep_ids = create_sweeps(clients)
        listeners = listen(clients, sweep_ids)
        with killed_at_random(world.services, seed=0):
            for sweep_id in sweep_ids:
                follow(clients[0], sweep_id, SweepState.SUCCEEDED)
        check_heard(listeners)
        found = check_world(world, sweep_ids, "two APIs on PostgreSQL, killed -9 in turn")
        assert sum(service.starts for service in world.services) > 3
        assert {listener.sequences[-1] for listener in listeners} == {one.sweep.event_count for one in found}


def test_database_is_killed_under_two_services(zygote: Zygote, tmp_path: Path, postgres: OwnPostgres) -> None:
    with two_services(tmp_path, zygote, postgres.create("killed")) as world:
        clients = clients_of(world)
        sweep_ids = create_sweeps(clients)
        listeners = listen(clients, sweep_ids)
        for _ in range(2):
            time.sleep(0.5)
            postgres.kill()
            time.sleep(0.5)
            postgres.start()
        for sweep_id in sweep_ids:
            follow(clients[0], sweep_id, SweepState.SUCCEEDED)
        check_heard(listeners)
        check_world(world, sweep_ids, "PostgreSQL crashes under two APIs")
        assert [service.starts for service in world.services] == [1, 1], "a service did not outlive its database"


@pytest.mark.parametrize("seed", range(2))
def test_one_service_is_killed_again_and_again(seed: int, zygote: Zygote, tmp_path: Path) -> None:
    with small_world(tmp_path, zygote) as world, kept_alive(world.add_service()):
        client = world.client()
        large = vary(paired_spec(), design={"configurations": 4}, resources={"max_concurrent": 2})
        sweep_id = client.create_sweep(large).id
        listeners = listen([client], [sweep_id])
        with killed_at_random(world.services, seed):
            follow(client, sweep_id, SweepState.SUCCEEDED)
        check_heard(listeners)
        check_world(world, [sweep_id], "API on SQLite, killed -9 again and again")
