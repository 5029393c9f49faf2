"""One attempt of a trial as it travels through Tune: in a config to its actor, as news back."""

from typing import Any

from pydantic import Field, TypeAdapter

from search_spaces.runner_protocol import RunnerBrief, StepResult, TrialAssignment, TrialEnding, TuneTrialId
from search_spaces.sweep_spec import Resources
from search_spaces.vocabulary import Vocabulary

_NEWS: TypeAdapter[StepResult | TrialEnding] = TypeAdapter(StepResult | TrialEnding)


class WorkerLost(Exception):
    """A worker vanished, never came or cannot get its files: the attempt is lost, which says nothing of its trial."""


class Attempt(Vocabulary):
    """Everything that an actor needs; nothing secret, for Tune writes configs to disk."""

    tune_trial_id: TuneTrialId
    assignment: TrialAssignment
    storage: str = Field(description="Folder that the cluster shares, or an s3:// URL, for the sweep's checkpoints.")
    dataset_roots: list[str] = Field(default=[], description="Folders and s3:// URLs that its dataset may lie in.")
    resources: Resources = Field(description="What the trial holds of its cluster.")


def attempt_of(brief: RunnerBrief, tune_trial_id: str, assignment: TrialAssignment) -> Attempt:
    """The attempt with what the runner's brief says about all of them."""
    return Attempt(
        tune_trial_id=tune_trial_id,
        assignment=assignment,
        storage=brief.storage,
        dataset_roots=brief.dataset_roots,
        resources=brief.resources,
    )


def folder_of(attempt: Attempt) -> str:
    """Name of the trial's folder within the storage."""
    return f"{attempt.assignment.number:06d}"


def to_config(attempt: Attempt) -> dict[str, Any]:
    """A Tune config. Its values are plain strings, so that Tune has nothing to resolve in them."""
    return {"tune_trial_id": attempt.tune_trial_id, "attempt": attempt.model_dump_json()}


def from_config(config: dict[str, Any]) -> Attempt:
    """The inverse of to_config."""
    return Attempt.model_validate_json(config["attempt"])


def to_result(news: StepResult | TrialEnding) -> dict[str, Any]:
    """A Tune result; an ending also ends the Tune trial."""
    return {"news": news.model_dump_json(), "done": isinstance(news, TrialEnding)}


def from_result(result: dict[str, Any]) -> StepResult | TrialEnding:
    """The inverse of to_result."""
    return _NEWS.validate_json(result["news"])
