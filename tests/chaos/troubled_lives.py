"""Lives in which others are slow, away or wrong, owners use up what they have, and the service is to blame itself."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chaos.file_tracking import held, read_runs, write_runs
from chaos.lives import LIFE_SECONDS, Life, follow, paired_spec, succeed, wait_for_trial
from chaos.scripted_runner import stay
from chaos.world import POOR_OWNER, World, wait_until
from fakes.ray_server import RayServer

from search_spaces.presets.vary import vary
from service.client.client import SupsweepClient
from service.client.failures import ServiceUnreachable
from service.lifecycle import SweepState
from service.operations.quotas import QUOTA_DAYS

DAY_SECONDS = 86_400.0
SLOW_SECONDS = 2.5
"""Longer than a claim waits for its next renewal."""

ORPHANS = 6
"""More than there are points on the way to stopping one: a service that starts anew may stop it first."""


def wait_for_others(world: World) -> list[str]:
    """The cluster refuses a job and then is slow, MLflow is away and then is slow."""
    client, ray = world.client(), world.ray
    world.mlflow_is_away_file.touch()
    ray.refuses_jobs = True
    sweep_id = client.create_sweep(paired_spec()).id
    wait_until(lambda: _is_held_up(client, sweep_id), LIFE_SECONDS, "a refused submission")
    ray.refuses_jobs, ray.answer_after_seconds = False, SLOW_SECONDS
    wait_for_trial(client, sweep_id)
    ray.answer_after_seconds = 0.0
    world.mlflow_is_away_file.unlink()
    with _slow_mlflow(world):
        follow(client, sweep_id, SweepState.SUCCEEDED)
    wait_until(lambda: _has_logs(client, sweep_id), LIFE_SECONDS, "the runner's log")
    deleted = succeed(client)[0]
    with _slow_mlflow(world):
        client.delete_sweep(deleted, mlflow_runs=True)
    return [sweep_id]


def _is_held_up(client: SupsweepClient, sweep_id: str) -> bool:
    return "could not be submitted" in (client.get_sweep(sweep_id).state_reason or "")


def _has_logs(client: SupsweepClient, sweep_id: str) -> bool:
    """Nobody repeats this call, since what was read would come again."""
    try:
        return "Running entrypoint" in "".join(client.logs(sweep_id))
    except ServiceUnreachable:
        return False


@contextmanager
def _slow_mlflow(world: World) -> Iterator[None]:
    """Every now and then nobody is answered for a while, until the body has ended."""
    is_over = threading.Event()

    def hold_up() -> None:
        while not is_over.is_set():
            with held(world.tracking_file):
                is_over.wait(SLOW_SECONDS)
            # Whoever has waited comes next.
            is_over.wait(0.2)

    thread = threading.Thread(target=hold_up)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def repair(world: World) -> list[str]:
    """Jobs that nobody knows run on the cluster, and a run has vanished from MLflow: all is set right."""
    client = world.client()
    (sweep_id,) = succeed(client)
    _start_orphan(world.ray, sweep_id, "an-orphan")
    wait_until(lambda: not world.running_jobs(sweep_id), LIFE_SECONDS, "the orphan to be found")
    for number in range(ORPHANS):
        _start_orphan(world.ray, sweep_id, f"orphan-{number}")
        client.repair_sweep(sweep_id)
        wait_until(lambda: not world.running_jobs(sweep_id), LIFE_SECONDS, "the orphan to be stopped")
    with held(world.tracking_file):
        runs = read_runs(world.tracking_file)
        del runs[max(runs, key=lambda run_id: runs[run_id].name)]
        write_runs(world.tracking_file, runs)
    client.repair_sweep(sweep_id)
    follow(client, sweep_id, SweepState.SUCCEEDED)
    return [sweep_id]


def _start_orphan(ray: RayServer, sweep_id: str, runner_id: str) -> None:
    """A job like the sweep's first one, of a runner that the ledger does not know."""
    like = next(job for job in ray.jobs.values() if sweep_id in job.submission_id)
    metadata = {**like.metadata, "supsweep_runner": runner_id}
    submission_id = f"supsweep-{sweep_id}-{runner_id}"
    assert ray.submit({"submission_id": submission_id, "entrypoint": like.entrypoint, "metadata": metadata})


def use_up_the_budget(world: World) -> list[str]:
    """A sweep is cut when its device-hours are used up; its trials are worth a report."""
    client = world.client()
    sweep_id = client.create_sweep(vary(paired_spec(), budget={"device_hours": 1.5 / 3600})).id
    follow(client, sweep_id, SweepState.SUCCEEDED)
    assert "device_hours" in (client.get_sweep(sweep_id).state_reason or "")
    return [sweep_id]


def use_up_the_quota(world: World) -> list[str]:
    """A sweep is paused when its owner has used up what there is, and given up; the same again much later."""
    client = world.client()
    key = client.create_key("for the poor", owner=POOR_OWNER)
    poor = SupsweepClient(client.base_url, key.key, patience_seconds=LIFE_SECONDS)
    first = _use_up(poor)
    world.turn_clock(QUOTA_DAYS * DAY_SECONDS)
    poor.delete_sweep(_use_up(poor))
    world.turn_clock(QUOTA_DAYS * DAY_SECONDS)
    # Nobody can see over the API that what a deleted sweep has used is forgotten.
    wait_until(lambda: world.has_passed("reconciler.retention:forget_old"), LIFE_SECONDS, "old spending to be deleted")
    # Where that was the service's last act, another one answers.
    assert poor.get_sweep(first).state is SweepState.CANCELLED
    return [first]


def _use_up(poor: SupsweepClient) -> str:
    """Id of a sweep that was paused by the quota and is cancelled."""
    # So many trials that their runner cannot end them all before a service that has just started looks at the quota.
    sweep_id = poor.create_sweep(vary(paired_spec(), design={"configurations": 16})).id
    wait_until(lambda: poor.get_sweep(sweep_id).state is SweepState.PAUSED, LIFE_SECONDS, "the sweep to be paused")
    poor.cancel_sweep(sweep_id)
    follow(poor, sweep_id, SweepState.CANCELLED)
    return sweep_id


def outstay(world: World) -> list[str]:
    """A runner does not leave when everything has ended."""
    return succeed(world.client())


def fail_to_report(world: World) -> list[str]:
    """A bug keeps the report from being made."""
    client = world.client()
    world.broken_report_file.touch()
    world.expected_complaint = "report not made"
    sweep_id = client.create_sweep(paired_spec()).id
    follow(client, sweep_id, SweepState.FAILED)
    return [sweep_id]


TROUBLED_LIVES: Mapping[str, Life] = {
    "others that are slow or away": Life(wait_for_others, owns=(":_renew", "<locals>.renew"), dies_often=True),
    "orphans and lost runs": Life(repair, dies_often=True),
    "a budget that is used up": Life(use_up_the_budget, dies_often=True),
    "a quota that is used up": Life(use_up_the_quota, dies_often=True),
    "a runner that does not leave": Life(outstay, [stay], dies_often=True),
    "a report that fails": Life(fail_to_report, dies_often=True),
}
"""By name."""
