"""The bare loop, as one would write it without the service: `python -m benchmarks.overhead.bare TRIALS`.

Optuna's search for Ray Tune draws, Tune's own folder keeps the results. Runs on the cluster of RAY_ADDRESS.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import optuna
import psutil
import ray
from ray import tune
from ray.tune.search.optuna import OptunaSearch

from benchmarks.overhead.workload import HIGH, LOW, workload


def train(config: dict[str, Any]) -> None:
    """One trial: the same code that the service's trials run."""
    import torch  # noqa: PLC0415  # seconds, which the driver need not spend

    from search_spaces.arms import arm_config  # noqa: PLC0415
    from search_spaces.sweep_spec import SweepSpec  # noqa: PLC0415
    from trainers.run_trial import run_trial  # noqa: PLC0415

    torch.set_num_threads(1)
    spec = SweepSpec.model_validate(config.pop("spec"))
    with tempfile.TemporaryDirectory() as folder:
        ending = run_trial(
            arm_config(spec.arms[0], config),
            spec.dataset,
            spec.evaluation,
            folder=Path(folder),
            # Tune wants the metric in every result; not every epoch is validated.
            on_epoch=lambda end: tune.report({"val_top1": 0.0, **end.metrics}),
        )
    tune.report({"val_top1": ending.scores["val_top1"], "trial_seconds": ending.attempt_device_seconds})


def main(trials: int) -> None:
    """Runs the trials; prints the seconds since this process began, and those of the trials themselves, as JSON."""
    ray.init(address="auto", log_to_driver=False)
    space = {"learning_rate_multiplier": optuna.distributions.FloatDistribution(LOW, HIGH, log=True)}
    sampler = optuna.samplers.TPESampler(seed=0)
    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            tune.with_resources(train, {"cpu": 1}),
            param_space={"spec": workload(trials).model_dump(mode="json")},
            tune_config=tune.TuneConfig(
                num_samples=trials,
                search_alg=OptunaSearch(space=space, metric="val_top1", mode="max", sampler=sampler),
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        results = tuner.fit()
    began_at = psutil.Process(os.getpid()).create_time()
    trial_seconds = [result.metrics["trial_seconds"] for result in results]
    print("RESULT " + json.dumps({"total": time.time() - began_at, "trial_seconds": trial_seconds}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
