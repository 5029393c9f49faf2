"""`python -m benchmarks.local_cluster.faults`: a sweep on two Ray clusters whose parts die; every trial counts once.

Two clusters, the first with two workers. When a quarter of the trials have ended a worker is killed, half of them
PostgreSQL is restarted, three quarters the API. The exit code is 1 when a trial is missing or an audit disagrees.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable

from benchmarks.local_cluster.stack import Stack, running_stack, wait_until
from search_spaces.presets import PRESETS
from search_spaces.presets.vary import vary
from service.client.client import SupsweepClient
from service.lifecycle import FINISHED_STATES

PATIENCE_SECONDS = 1800.0
GONE_SECONDS = 60.0
"""A killed node leaves Ray's books after half of that."""
CLUSTERS = ["local", "second"]


def main() -> int:
    """The exit code: 1 when a trial is missing or an audit disagrees."""
    with running_stack("--scale", "ray-worker=2", profiles=["two-clusters"]) as stack:
        print(stack.supsweep("clusters"))
        client = stack.client()
        spec = vary(PRESETS["digits_demo"](), clusters=CLUSTERS, resources={"max_concurrent": 3})
        sweep = client.create_sweep(spec)
        faults: list[tuple[str, Callable[[], object]]] = [
            ("a worker is killed", lambda: _kill_worker(stack)),
            ("PostgreSQL is restarted", lambda: stack.compose("restart", "postgres")),
            ("the API is restarted", lambda: stack.compose("restart", "api")),
        ]
        for quarter, (what, do) in enumerate(faults, start=1):
            _wait_for_trials(client, sweep.id, sweep.trials * quarter // 4)
            print(f"{client.get_sweep(sweep.id).trials_ended} of {sweep.trials} trials have ended: {what}")
            do()
        wait_until(lambda: client.get_sweep(sweep.id).state in FINISHED_STATES, "the sweep's end", PATIENCE_SECONDS)
        return _judge(stack, client, sweep.id, sweep.trials)


def _kill_worker(stack: Stack) -> None:
    one = stack.compose("ps", "--quiet", "ray-worker").split()[0]
    subprocess.run(["docker", "kill", "--signal", "KILL", one], check=True, stdout=subprocess.DEVNULL)
    # One that is killed by hand stays away until somebody starts it.
    time.sleep(GONE_SECONDS)
    stack.compose("up", "--detach", "--no-recreate", "--scale", "ray-worker=2")


def _wait_for_trials(client: SupsweepClient, sweep_id: str, trials: int) -> None:
    wait_until(lambda: client.get_sweep(sweep_id).trials_ended >= trials, f"{trials} trials to end", PATIENCE_SECONDS)


def _judge(stack: Stack, client: SupsweepClient, sweep_id: str, planned: int) -> int:
    trials = [client.get_trial(sweep_id, number) for number in range(planned)]
    print(stack.supsweep("show", sweep_id))
    print(f"outcomes: {_counted(trial.outcome or 'none' for trial in trials)}")
    print(f"attempts: {_counted(attempt.ending or 'none' for trial in trials for attempt in trial.history)}")
    print(f"trials ended on: {_counted(trial.history[-1].cluster for trial in trials)}")
    audit = stack.supsweep("audit", sweep_id)
    print(audit)
    return 0 if all(trial.outcome for trial in trials) and "all agree" in audit else 1


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(Counter(words).items()))


if __name__ == "__main__":
    sys.exit(main())
