"""What a runner and the service say to each other: two calls, ask and report.

A runner may repeat any call. The service counts a report once per (runner, sequence), a result once
per (trial, step) and an outcome once per trial. A runner that missed its lease gets 409
`runner_fenced` for ever.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from search_spaces.datasets import DatasetSpec
from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import Evaluation, Name, Resources
from search_spaces.texts import check_storable, storable
from search_spaces.trial_config import TrialConfig
from search_spaces.vocabulary import Vocabulary

LONGEST_REASON = 4000
"""Characters of a reason; whoever gives one cuts it to this."""

MOST_PER_REPORT = 1000
"""News of one kind in one report."""
MOST_METRICS = 200
MOST_FACTS = 50

Reason = Annotated[str, BeforeValidator(storable)]
"""A sentence; an exception's own words may hold what no database takes."""

TuneTrialId = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(check_storable)]
CheckpointPath = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(check_storable)]

LARGEST_MEASURE = 1e100
"""Beyond it, squares and sums of a report overflow; no float32 is as large."""
LARGEST_COUNT = 2**53
"""Of images: beyond it, JSON numbers are not exact everywhere."""
LARGEST_STEP = 10**9
LARGEST_SECONDS = 1e11
"""Three thousand years."""

MetricName = Annotated[
    str, Field(max_length=200, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_\-. :]*(/[A-Za-z0-9_][A-Za-z0-9_\-. :]*)*$")
]
"""What MLflow takes for a name: segments of letters, digits, `_`, `-`, `.`, space and `:`, parted by `/`."""
Measure = Annotated[float, Field(ge=-LARGEST_MEASURE, le=LARGEST_MEASURE)]
Metrics = Annotated[dict[MetricName, Measure], Field(max_length=MOST_METRICS)]
ImagePasses = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
DeviceSeconds = Annotated[float, Field(ge=0, le=LARGEST_SECONDS)]
Fact = Annotated[str, BeforeValidator(storable), Field(max_length=500)]


class RunnerBrief(Vocabulary):
    """All that a runner is told when it is submitted; its token comes beside it, not in it."""

    runner_id: str = Field(description="Id of the runner in the ledger.")
    sweep_id: str = Field(description="Id of the sweep it serves.")
    service_url: str = Field(description="Base URL of the service as seen from the cluster.")
    storage: str = Field(description="Folder that the cluster shares, or an s3:// URL, for the sweep's checkpoints.")
    dataset: DatasetSpec = Field(
        description="The images of every trial; a worker of its own opens them before it asks."
    )
    dataset_roots: list[str] = Field(
        default=[], description="Folders and s3:// URLs that datasets may lie in; no other is opened."
    )
    resources: Resources = Field(description="What each trial gets.")
    heartbeat_seconds: float = Field(gt=0, description="Longest silence between two reports.")
    patience_seconds: float = Field(gt=0, description="How long to go on while the service cannot be reached.")


class AskRequest(Vocabulary):
    """Asks for a trial; the same tune_trial_id gets the same trial again."""

    tune_trial_id: TuneTrialId = Field(description="The runner's own name for the attempt, unique within the runner.")


class TrialAssignment(Vocabulary):
    """One attempt of one trial, with everything that is needed to run it."""

    kind: Literal["trial"] = "trial"
    number: int = Field(ge=0, description="Number of the trial in its sweep.")
    arm: str = Field(description="Name of its arm.")
    attempt: int = Field(ge=1, description="1 for the first attempt.")
    config: TrialConfig = Field(description="The configuration, with the seed.")
    dataset: DatasetSpec = Field(description="The images.")
    evaluation: Evaluation = Field(description="What to measure at the end.")
    checkpoint: str | None = Field(default=None, description="Checkpoint to resume from, a path under the storage.")
    timeout_seconds: float | None = Field(default=None, description="Time this attempt may train.")


class Wait(Vocabulary):
    """Nothing to run now; ask again after a while."""

    kind: Literal["wait"] = "wait"
    seconds: float = Field(default=1.0, gt=0, description="How long to wait before the next ask.")


class Finished(Vocabulary):
    """There will be nothing more for this runner."""

    kind: Literal["finished"] = "finished"


AskAnswer = Annotated[TrialAssignment | Wait | Finished, Field(discriminator="kind")]


class StepResult(Vocabulary):
    """What a trial measured at the end of one epoch."""

    tune_trial_id: TuneTrialId
    step: int = Field(ge=1, le=LARGEST_STEP, description="Epochs completed.")
    metrics: Metrics = Field(description="Finite numbers by name.")
    image_passes: ImagePasses = Field(description="Augmented images passed through the encoder up to this step.")
    device_seconds: DeviceSeconds = Field(
        description="Device-seconds spent to reach this step, earlier attempts' kept part included."
    )
    attempt_device_seconds: DeviceSeconds = Field(description="Device-seconds of this attempt so far.")
    checkpoint: CheckpointPath | None = Field(default=None, description="Checkpoint written at this step.")


class TrialEnding(Vocabulary):
    """The one outcome of a trial."""

    tune_trial_id: TuneTrialId
    outcome: Outcome
    reason: Reason | None = Field(
        default=None, max_length=LONGEST_REASON, description="A sentence, for all but completed trials."
    )
    scores: Metrics = Field(default={}, description="Final metrics; empty unless completed.")
    facts: dict[Name, Fact] = Field(
        default={},
        max_length=MOST_FACTS,
        description="What it ran on: the fingerprint of the images, the device, the release.",
    )
    attempt_device_seconds: DeviceSeconds = Field(description="Device-seconds of this attempt.")


class LostTrial(Vocabulary):
    """An attempt whose process vanished: the trial is planned again, its attempt counted."""

    tune_trial_id: TuneTrialId
    reason: Reason = Field(max_length=LONGEST_REASON, description="What was seen.")


class ReportRequest(Vocabulary):
    """What happened since the runner's last report. Empty lists make it a heartbeat."""

    sequence: int = Field(ge=1, description="1, 2, 3 … per runner; a repeated one changes nothing.")
    results: list[StepResult] = Field(default=[], max_length=MOST_PER_REPORT)
    outcomes: list[TrialEnding] = Field(default=[], max_length=MOST_PER_REPORT)
    lost: list[LostTrial] = Field(default=[], max_length=MOST_PER_REPORT)


class ReportAnswer(Vocabulary):
    """What the runner must do now."""

    stop: list[TuneTrialId] = Field(default=[], description="Attempts to stop at their next step.")
    drain: bool = Field(default=False, description="Checkpoint what runs, report it as lost, and exit.")
