"""`python -m benchmarks.workers [--trials N] [--json FILE]`: gang against TorchTrainer, on one local Ray cluster.

Both train the same two-worker digits trials, one after the other, each under Tune. Start-up is the time from the
trial's start in Tune to its first report, less what the trial's own clock says of the first epoch; a report's cost is
the time between two reports, less what the clock says of the epoch.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

os.environ |= {
    "RAY_TRAIN_V2_ENABLED": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "OMP_NUM_THREADS": "1",
    "RAY_AIR_NEW_OUTPUT": "0",
}

import ray
from ray import tune

from benchmarks.workers.torch_trainer import train_by_ray_train
from search_spaces.datasets import DatasetSpec
from search_spaces.runner_protocol import TrialAssignment
from search_spaces.sweep_spec import Evaluation, Resources
from search_spaces.trial_config import TrialConfig
from trainers.runner.attempt import Attempt, from_result, to_config
from trainers.runner.resources import placement_of
from trainers.runner.trainable import train_attempt

WORKERS = 2
EPOCHS = 12


class Stopwatch(tune.Callback):  # type: ignore[misc]
    """When each trial started and reported, and what its own clock said then, in seconds."""

    def __init__(self) -> None:
        self.started: dict[str, float] = {}
        self.reports: dict[str, list[tuple[float, float]]] = {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self.started[trial.trial_id] = time.perf_counter()

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        clock = _device_seconds(result) / WORKERS
        self.reports.setdefault(trial.trial_id, []).append((time.perf_counter(), clock))

    def start_up_seconds(self) -> float:
        """Median over the trials."""
        return median(
            at - self.started[trial] - clock for trial, reports in self.reports.items() for at, clock in reports[:1]
        )

    def report_seconds(self) -> float:
        """Median over all reports but each trial's first and last; the last is of the test, not of an epoch."""
        costs = []
        for reports in self.reports.values():
            epochs = reports[:EPOCHS]
            costs += [(b[0] - a[0]) - (b[1] - a[1]) for a, b in pairwise(epochs)]
        return median(costs)


def main(trials: int, file: Path | None) -> int:
    """Prints the table. The exit code: 1 when Ray Train is the better one, so that the decision is to be made again."""
    ray.init(num_cpus=WORKERS + 1, include_dashboard=False, log_to_driver=False, object_store_memory=80_000_000)
    resources = Resources(workers=WORKERS)
    ways = {
        "gang": (train_attempt, placement_of(resources)),
        "TorchTrainer": (train_by_ray_train, tune.PlacementGroupFactory([{"CPU": 1.0}])),
    }
    found = {}
    for name, (train, placement) in ways.items():
        # The first trial reads torch from a cold disk.
        _run(train, placement, 1)
        began_at = time.perf_counter()
        watch = _run(train, placement, trials)
        found[name] = {
            "start_up_seconds": watch.start_up_seconds(),
            "report_milliseconds": 1000 * watch.report_seconds(),
            "total_seconds": time.perf_counter() - began_at,
        }
    ray.shutdown()
    print(f"{'':<14}{'start-up s':>12}{'per report ms':>16}{'total s':>10}")
    for name, row in found.items():
        start_up, report, total = row.values()
        print(f"{name:<14}{start_up:>12.2f}{report:>16.1f}{total:>10.1f}")
    if file is not None:
        file.write_text(json.dumps({"workers": WORKERS, "epochs": EPOCHS, "trials": trials, "ways": found}, indent=2))
    return int(found["gang"]["total_seconds"] > found["TorchTrainer"]["total_seconds"])


def _run(train: Callable[[dict[str, Any]], None], placement: tune.PlacementGroupFactory, trials: int) -> Stopwatch:
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        tune.run(
            tune.with_resources(train, placement),
            config=to_config(_attempt(folder)),
            num_samples=trials,
            storage_path=folder,
            max_concurrent_trials=1,
            reuse_actors=True,
            callbacks=[watch],
            verbose=0,
        )
    return watch


def _attempt(storage: str) -> Attempt:
    assignment = TrialAssignment(
        number=0,
        arm="supcon",
        attempt=1,
        config=TrialConfig(objective="supcon", epochs=EPOCHS, batch_size=256),
        dataset=DatasetSpec(name="digits"),
        evaluation=Evaluation(),
    )
    return Attempt(
        tune_trial_id="attempt-000001",
        assignment=assignment,
        storage=storage,
        resources=Resources(workers=WORKERS),
    )


def _device_seconds(result: dict[str, Any]) -> float:
    seconds: float = (
        result["device_seconds"] if "device_seconds" in result else from_result(result).attempt_device_seconds
    )
    return seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sys.exit(main(arguments.trials, arguments.json))
