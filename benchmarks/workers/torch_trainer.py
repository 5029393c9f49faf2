"""The same trial as Ray Train would run it: a TorchTrainer inside a Tune trial, with its own placement group."""

import os
from pathlib import Path
from typing import Any

from ray import tune

os.environ.setdefault("RAY_TRAIN_V2_ENABLED", "1")


def train_by_ray_train(config: dict[str, Any]) -> None:
    """A Tune function: runs the attempt in the config through a TorchTrainer."""
    os.environ["RAY_TRAIN_V2_ENABLED"] = "1"
    from ray.train import RunConfig, ScalingConfig  # noqa: PLC0415  # reads the variable above
    from ray.train.torch import TorchTrainer  # noqa: PLC0415
    from ray.tune.integration.ray_train import TuneReportCallback  # noqa: PLC0415

    from trainers.runner.attempt import from_config  # noqa: PLC0415

    attempt = from_config(config)
    trainer = TorchTrainer(
        train_worker,
        train_loop_config=config,
        scaling_config=ScalingConfig(num_workers=attempt.resources.workers, resources_per_worker={"CPU": 1}),
        run_config=RunConfig(
            name=tune.get_context().get_trial_id(), storage_path=attempt.storage, callbacks=[TuneReportCallback()]
        ),
    )
    trainer.fit()


def train_worker(config: dict[str, Any]) -> None:
    """One worker: TorchTrainer has made the process group."""
    import torch  # noqa: PLC0415
    from ray import train  # noqa: PLC0415

    from trainers.distributed import World  # noqa: PLC0415
    from trainers.run_trial import EpochEnd, TrialRun  # noqa: PLC0415
    from trainers.runner.attempt import from_config  # noqa: PLC0415

    torch.set_num_threads(1)
    attempt, context = from_config(config), train.get_context()
    run = TrialRun(
        attempt.assignment.config,
        attempt.assignment.dataset,
        attempt.assignment.evaluation,
        folder=Path(attempt.storage) / attempt.tune_trial_id,
        devices=attempt.resources.devices,
        world=World(context.get_world_rank(), context.get_world_size()),
    )
    while True:
        news = run.advance()
        train.report({"device_seconds": news.attempt_device_seconds})
        if not isinstance(news, EpochEnd):
            return
