"""One sweep served by two Ray clusters on this machine at once, one of them killed half way: a story to read.

Run as `python -m chaos.show_two_clusters` with tests/ on the PYTHONPATH, or through test_two_clusters.py.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from chaos.evidence import Evidence
from chaos.real_world import lasting_spec, real_world
from chaos.table import TABLE
from chaos.world import wait_until

from search_spaces.presets.vary import vary
from service.client.client import SupsweepClient
from service.lifecycle import FINISHED_STATES, SweepState
from service.schemas.events import EventView

FAULT = "one of two Ray clusters dies with everything"
TRIAL_SECONDS = 240.0
SWEEP_SECONDS = 600.0

Tell = Callable[[str], None]


def play(folder: Path, tell: Tell) -> Evidence:
    """The whole story. What was found at its end, every invariant checked."""
    started = time.monotonic()

    def say(sentence: str) -> None:
        tell(f"{time.monotonic() - started:6.1f} s  {sentence}")

    with real_world(folder) as world:
        for name in ("east", "west"):
            world.add_cluster(name)
        say("two Ray heads, each with its own ports, folder and token, an MLflow server and the API are started")
        world.start()
        client = world.client()
        spec = vary(lasting_spec(["east", "west"]), name="two-clusters", resources={"max_concurrent": 2})
        sweep_id = client.create_sweep(spec).id
        say(f"sweep {sweep_id}: two arms × four configurations, on both clusters, two trials at a time")
        wait_until(lambda: _half_way(world.events(sweep_id)), TRIAL_SECONDS, "trials on both clusters")
        say(f"trials taken so far: {_taken(world.events(sweep_id))}; now the cluster west is killed -9 with everything")
        world.kill("ray-west")
        sweep = wait_until(lambda: _finished(client, sweep_id), SWEEP_SECONDS, "the sweep to end")
        assert sweep is SweepState.SUCCEEDED, client.get_sweep(sweep_id).state_reason
        say("the sweep has succeeded on the cluster that is left")
        wait_until(lambda: client.get_sweep(sweep_id).mlflow_events_behind == 0, TRIAL_SECONDS, "MLflow to catch up")
        evidence = world.check(FAULT, sweep_id, away=["west"])
        _tell_story(evidence, tell)
    return evidence


def _half_way(events: Sequence[EventView]) -> bool:
    """Whether both clusters train at this moment, and something has ended."""
    clusters = {event.data["runner_id"]: event.data["cluster"] for event in events if event.kind == "runner.opened"}
    running: dict[int, str] = {}
    for event in events:
        if event.kind == "trial.started":
            running[event.data["number"]] = clusters[event.data["runner_id"]]
        if event.kind in ("trial.ended", "trial.lost"):
            running.pop(event.data["number"], None)
    return set(running.values()) == {"east", "west"} and any(event.kind == "trial.ended" for event in events)


def _taken(events: Sequence[EventView]) -> str:
    clusters = {event.data["runner_id"]: event.data["cluster"] for event in events if event.kind == "runner.opened"}
    taken = [clusters[event.data["runner_id"]] for event in events if event.kind == "trial.started"]
    return ", ".join(f"{name} {taken.count(name)}" for name in sorted(set(taken)))


def _finished(client: SupsweepClient, sweep_id: str) -> SweepState | None:
    state = client.get_sweep(sweep_id).state
    return state if state in FINISHED_STATES else None


def _tell_story(evidence: Evidence, tell: Tell) -> None:
    """Every trial with its attempts: on which cluster, and how each ended."""
    clusters = {runner.id: runner.cluster for runner in evidence.runners}
    tell("")
    for runner in evidence.runners:
        reason = f", {runner.reason}" if runner.reason else ""
        tell(f"runner {runner.ordinal} on {runner.cluster}: {runner.state}{reason}")
    tell("")
    for trial in evidence.trials:
        attempts = [
            f"{clusters[attempt.runner_id]}: {attempt.ending} after {attempt.device_seconds:.1f} s"
            for attempt in evidence.attempts[trial.id]
        ]
        tell(f"trial {trial.number} ({trial.arm}): {trial.outcome}, {trial.score:.3f} | {' → '.join(attempts)}")
    tell("")
    for line in TABLE.lines():
        tell(line)


def main() -> None:
    """Tells the story on standard output."""
    # A short path: a socket's may not be longer than 107 characters.
    with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder:
        play(Path(folder) / "home", lambda sentence: sys.stdout.write(sentence + "\n") and sys.stdout.flush())


if __name__ == "__main__":
    main()
