"""A whole trial in plain PyTorch: build → fit → probe → evaluate. Knows nothing of who asked for it.

Every ending that says something of the hyperparameters is an outcome, not an exception.
"""

import logging
import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # the first optimizer imports it: a second that the first trial would be charged with

from search_spaces.datasets import DatasetSpec
from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import LONGEST_REASON
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.build.storage import open_folder
from trainers.build.trial import BuiltTrial, DoesNotFit, build_trial
from trainers.checkpoints import Checkpoints
from trainers.clock import Clock, TimedOut
from trainers.details import write_details
from trainers.distributed import ALONE, World
from trainers.environment import facts_of
from trainers.evaluation.evaluate import evaluate, evaluate_fully
from trainers.health import Collapsed, Diverged
from trainers.loop import Training, train_epoch

log = logging.getLogger(__name__)

OUT_OF_MEMORY = ("DefaultCPUAllocator", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
"""What the words of an error say of memory, where its type does not."""
VALIDATIONS = 5
"""How often a run is measured on the validation images. Costs a tenth of a 4-second SupCon run, less of longer ones."""


@dataclass(frozen=True)
class EpochEnd:
    """What is known at the end of an epoch. Sums run since the trial's very beginning, resumed parts included."""

    step: int
    """Epochs completed."""
    metrics: dict[str, float]
    """Those of `train_epoch`, and on measured epochs val_*; all finite."""
    image_passes: int
    """Augmented images that went through the encoder."""
    device_seconds: float
    """Seconds × devices to reach this step, the kept part of earlier attempts included."""
    attempt_device_seconds: float
    """Seconds × devices of this attempt."""
    checkpoint: str | None
    """Name within the trial's folder of the checkpoint written at this step."""


@dataclass(frozen=True)
class Ending:
    """How one attempt ended. `reason` is a sentence for all but completed trials, `scores` theirs alone."""

    outcome: Outcome
    reason: str | None
    scores: dict[str, float]
    attempt_device_seconds: float
    facts: dict[str, str]
    """What it ran on, as far as it came: `dataset_fingerprint` and those of `facts_of`."""


def run_trial(
    config: TrialConfig,
    dataset: DatasetSpec,
    evaluation: Evaluation,
    *,
    folder: str | Path,
    checkpoint: str | None = None,
    timeout_seconds: float | None = None,
    devices: float = 1.0,
    checkpoint_seconds: float = 5.0,
    now: Callable[[], float] = time.perf_counter,
    on_epoch: Callable[[EpochEnd], None],
) -> Ending:
    """Runs one attempt to its end on this process, and calls `on_epoch` after each epoch; what that raises passes.

    See TrialRun for the arguments.
    """
    run = TrialRun(
        config,
        dataset,
        evaluation,
        folder=folder,
        checkpoint=checkpoint,
        timeout_seconds=timeout_seconds,
        devices=devices,
        checkpoint_seconds=checkpoint_seconds,
        now=now,
    )
    while isinstance(advance := run.advance(), EpochEnd):
        on_epoch(advance)
    return advance


class TrialRun:
    """One attempt, epoch by epoch, on one worker of `world`; the others make the same calls.

    Goes on from `checkpoint`, a name within `folder`, a path or an s3:// URL, exactly as if it had never stopped; the
    first worker writes one at the end of an epoch at most every `checkpoint_seconds`. Time between two calls counts
    neither against `timeout_seconds` nor as device-seconds. `devices` are those of the whole trial; `now` tells the
    seconds.
    """

    def __init__(
        self,
        config: TrialConfig,
        dataset: DatasetSpec,
        evaluation: Evaluation,
        *,
        folder: str | Path,
        checkpoint: str | None = None,
        timeout_seconds: float | None = None,
        devices: float = 1.0,
        checkpoint_seconds: float = 5.0,
        world: World = ALONE,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._clock = Clock(devices, timeout_seconds, now)
        self._clock.pause()
        self._facts: dict[str, str] = {}
        self._epochs = _epochs(
            config, dataset, evaluation, folder, checkpoint, checkpoint_seconds, self._clock, self._facts, world
        )

    def advance(self) -> EpochEnd | Ending:
        """Runs to the end of the next epoch, or to the ending: the same kind on every worker, unless one breaks."""
        self._clock.resume()
        try:
            return next(self._epochs)
        except StopIteration as end:
            return Ending(Outcome.COMPLETED, None, end.value, self._clock.device_seconds, self._facts)
        except Exception as error:  # the boundary: whatever a trial raises is how it ended
            outcome, reason = _outcome_of(error)
            if outcome is Outcome.FAILED:
                log.exception("trial failed")
            return Ending(outcome, reason[:LONGEST_REASON], {}, self._clock.device_seconds, self._facts)
        finally:
            self._clock.pause()


def _outcome_of(error: Exception) -> tuple[Outcome, str]:
    match error:
        case Diverged():
            return Outcome.DIVERGED, str(error)
        case Collapsed():
            return Outcome.COLLAPSED, str(error)
        case TimedOut():
            return Outcome.TIMED_OUT, str(error)
        case DoesNotFit():
            return Outcome.INFEASIBLE, str(error)
        case _ if _is_out_of_memory(error):
            return Outcome.INFEASIBLE, f"out of memory: {error}"
    return Outcome.FAILED, f"{type(error).__name__}: {error}"


def _is_out_of_memory(error: Exception) -> bool:
    # PyTorch's allocator for the CPU, and CUDA's libraries, raise a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        words in str(error) for words in OUT_OF_MEMORY
    )


def _epochs(
    config: TrialConfig,
    dataset: DatasetSpec,
    evaluation: Evaluation,
    location: str | Path,
    checkpoint: str | None,
    checkpoint_seconds: float,
    clock: Clock,
    facts: dict[str, str],
    world: World,
) -> Generator[EpochEnd, None, dict[str, float]]:
    """Yields after each epoch, returns the scores, and notes in `facts` what it runs on."""
    trial = build_trial(config, dataset, evaluation, world)
    device = trial.splits.train.labels.device
    facts |= facts_of(device) | {"dataset_fingerprint": trial.images_fingerprint}
    # Fitting the paper's second stage takes as long as training does.
    validations = VALIDATIONS if evaluation.probe.kind == "lbfgs" else 1
    training, splits = trial.training, trial.splits
    folder = open_folder(location)
    checkpoints = Checkpoints(folder, trial.fingerprint, checkpoint_seconds)
    earlier_device_seconds = _resume(trial, checkpoints, checkpoint)
    _check_same_start(training, device, world)
    while True:
        measured_before = _measurements_due(trial, validations)
        metrics = train_epoch(training, splits.train, clock)
        is_last = _is_trained(trial)
        if _measurements_due(trial, validations) > measured_before:
            classifier = training.objective.fit_classifier(splits.train)
            metrics |= _checked(evaluate(classifier, splits.val, "val", world))
        attempt_device_seconds = clock.device_seconds
        device_seconds = earlier_device_seconds + attempt_device_seconds
        # The last epoch is not written: only the test is left to do.
        written = _checkpoint_if_due(trial, checkpoints, device_seconds) if world.is_first and not is_last else None
        yield EpochEnd(
            training.epochs_done, metrics, training.image_passes, device_seconds, attempt_device_seconds, written
        )
        if is_last:
            break
    evaluated = evaluate_fully(
        classifier,
        splits,
        calibration=evaluation.calibration,
        corruptions=evaluation.corruptions,
        world=world,
    )
    scores = _checked(evaluated.metrics)
    if world.is_first:
        write_details(folder, evaluated.details)
    return scores


def _resume(trial: BuiltTrial, checkpoints: Checkpoints, checkpoint: str | None) -> float:
    """Device-seconds of the part that is kept; 0 for a new start."""
    state = None if checkpoint is None else checkpoints.load(checkpoint)
    if state is None:
        return 0.0
    trial.training.load_state_dict(state["training"])
    return float(state["device_seconds"])


def _check_same_start(training: Training, device: torch.device, world: World) -> None:
    """Every worker reads for itself: one that found an older checkpoint would train other weights than the others."""
    epochs = world.gather(torch.tensor([training.epochs_done], device=device)).tolist()
    if len(set(epochs)) > 1:
        raise RuntimeError(f"the workers found checkpoints of different epochs, {epochs}: the storage is not shared")


def _checkpoint_if_due(trial: BuiltTrial, checkpoints: Checkpoints, device_seconds: float) -> str | None:
    if not checkpoints.is_due():
        return None
    state: dict[str, Any] = {"training": trial.training.state_dict(), "device_seconds": device_seconds}
    return checkpoints.write(trial.training.epochs_done, state)


def _is_trained(trial: BuiltTrial) -> bool:
    allowance = trial.training.allowance
    return trial.training.epochs_done == trial.epochs if allowance is None else allowance.is_used_up


def _measurements_due(trial: BuiltTrial, validations: int) -> int:
    """How many of so many measurements are due by now: evenly over the run, the last at its end, one an epoch."""
    allowance = trial.training.allowance
    if allowance is None:
        return trial.training.epochs_done * validations // trial.epochs
    return int(min(allowance.used_share, 1.0) * validations)


def _checked(metrics: dict[str, float]) -> dict[str, float]:
    """The metrics. Raises Diverged if one is not finite: the last step may break weights that no loss has seen."""
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise Diverged(f"{name} is {value}: the trained weights give no finite output")
    return metrics
