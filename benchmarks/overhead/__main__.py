"""`python -m benchmarks.overhead [TRIALS] [ROUNDS]`: the ratio of total times, from one run on one Ray cluster.

The bare loop is timed from the start of its process to the end of its last trial; the service from the POST to the
end of its last trial, so that the start of its Ray job is its own burden. The two take turns, first the one, then
the other, so that a machine that slows down does not favour either.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.overhead.machine import Machine, Timing, running_machine

CLAIM = 1.15
LEAST_TRIAL_SECONDS = 4.0


def main(trials: int = 16, rounds: int = 2) -> int:
    """The exit code: 1 when the claim does not hold, or the trials were too short to show it."""
    with tempfile.TemporaryDirectory(prefix="sw") as folder, running_machine(Path(folder)) as machine:
        # The first run of either reads torch from a cold disk.
        _measure(machine, 2, first="bare")
        timings = [_measure(machine, trials, first=("bare", "service")[index % 2]) for index in range(rounds)]
    print(f"{'run':<10}{'total s':>10}{'shortest trial s':>18}{'mean trial s':>14}")
    for timing in timings:
        for name, run in timing.items():
            mean = sum(run.trials) / len(run.trials)
            print(f"{name:<10}{run.total:>10.1f}{min(run.trials):>18.2f}{mean:>14.2f}")
    ratio = median(timing["service"].total / timing["bare"].total for timing in timings)
    shortest = min(min(run.trials) for timing in timings for run in timing.values())
    print(f"{trials} trials on 2 CPUs: service / bare = {ratio:.3f} (claim: at most {CLAIM})")
    return int(ratio > CLAIM or shortest < LEAST_TRIAL_SECONDS)


def _measure(machine: Machine, trials: int, *, first: str) -> dict[str, Timing]:
    runs = {"bare": machine.run_bare, "service": machine.run_service}
    order = [first, *(name for name in runs if name != first)]
    return {name: runs[name](trials) for name in order}


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
