"""A cluster is drained while it runs trials, and the service is killed meanwhile: its trials go on elsewhere."""

from collections import Counter
from pathlib import Path

import pytest
from chaos.checks import check_world
from chaos.lives import LIFE_SECONDS, follow, wait_for_trial
from chaos.scripted_runner import do_well, train_until_drained
from chaos.world import kept_alive, small_world, wait_until
from chaos.zygote import Zygote
from fakes.ledger import small_spec
from fakes.ray_server import RayServer

from service.lifecycle import RunnerState, SweepState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_drained_cluster_gives_its_trials_back_and_none_is_lost(zygote: Zygote, tmp_path: Path) -> None:
    with (
        small_world(tmp_path, zygote, [train_until_drained, do_well]) as world,
        RayServer(world.drive) as east,
        kept_alive(world.add_service(), downtime_seconds=0.0),
    ):
        client = world.client()
        client.create_cluster("east", east.url, token=east.token)
        sweep_id = client.create_sweep(small_spec(resources={"max_concurrent": 2})).id
        wait_for_trial(client, sweep_id)
        client.change_sweep(sweep_id, {"clusters": ["local", "east"]})
        client.change_cluster("local", is_draining=True)
        world.services[0].kill()
        wait_until(lambda: client.get_cluster("local").open_jobs == 0, LIFE_SECONDS, "the cluster to be empty")
        assert world.ray.driving() == []
        follow(client, sweep_id, SweepState.SUCCEEDED)
        (found,) = check_world(world, [sweep_id], "a cluster is drained, the API killed -9")
        assert client.get_cluster("local").is_draining, "the service forgot it when it started again"
    endings = Counter(attempt.ending for attempts in found.attempts.values() for attempt in attempts)
    assert endings == {"completed": 4, "drained": 1}
    assert [(runner.cluster, runner.state) for runner in found.runners] == [
        ("local", RunnerState.FINISHED),
        ("east", RunnerState.FINISHED),
    ]
