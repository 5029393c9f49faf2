"""One attempt with the real training, without Tune."""

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from search_spaces.locations import below
from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import StepResult
from trainers.run_trial import EpochEnd, run_trial
from trainers.runner.attempt import Attempt, attempt_of
from trainers.runner.trainable import run_attempt, step_result


@pytest.fixture
def attempt(brief: Callable[..., Any], assignment: Callable[..., Any]) -> Callable[..., Any]:
    """Makes an attempt of two epochs on digits."""

    def make(brief_changes: Mapping[str, Any] = MappingProxyType({}), **changes: Any) -> Attempt:
        return attempt_of(brief(**brief_changes), "attempt-000001", assignment(3, **changes))

    return make


def test_every_epoch_is_reported_and_then_the_ending(attempt: Callable[..., Any]) -> None:
    reported: list[StepResult] = []
    ending = run_attempt(attempt(), reported.append)
    assert [(result.tune_trial_id, result.step) for result in reported] == [
        ("attempt-000001", 1),
        ("attempt-000001", 2),
    ]
    assert (ending.tune_trial_id, ending.outcome) == ("attempt-000001", Outcome.COMPLETED), ending.reason
    assert 0 < reported[0].attempt_device_seconds < reported[1].attempt_device_seconds < ending.attempt_device_seconds


def test_nothing_that_a_trial_starts_gets_the_token(
    attempt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPSWEEP_RUNNER_TOKEN", "secret")
    environments: list[dict[str, str]] = []
    run_attempt(attempt(), lambda _result: environments.append(dict(os.environ)))
    assert environments
    assert not any("SUPSWEEP_RUNNER_TOKEN" in environment for environment in environments)


def test_a_checkpoint_is_named_by_its_path_under_the_storage() -> None:
    end = EpochEnd(1, {"train_loss": 1.0}, 100, 1.0, 1.0, checkpoint="epoch-000001.pt")
    assert step_result("attempt-000001", "000003", end).checkpoint == "000003/epoch-000001.pt"


@pytest.mark.parametrize("storage", ["disk", "bucket"])
def test_an_attempt_goes_on_from_its_checkpoint(
    attempt: Callable[..., Any], storage: str, request: pytest.FixtureRequest
) -> None:
    changes = {"storage": request.getfixturevalue("s3").url("sweep")} if storage == "bucket" else {}
    interrupted = attempt(changes)
    written: list[str | None] = []

    def stop(end: EpochEnd) -> None:
        written.append(end.checkpoint)
        raise SystemExit(0)

    trial = interrupted.assignment
    folder = below(interrupted.storage, "000003")
    with pytest.raises(SystemExit):
        run_trial(trial.config, trial.dataset, trial.evaluation, folder=folder, checkpoint_seconds=0, on_epoch=stop)
    reported: list[StepResult] = []
    run_attempt(attempt(changes, checkpoint=f"000003/{written[0]}"), reported.append)
    assert [result.step for result in reported] == [2]


def test_the_stop_of_a_trial_passes_through(attempt: Callable[..., Any]) -> None:
    def stop(_result: StepResult) -> None:
        raise SystemExit(0)

    with pytest.raises(SystemExit):
        run_attempt(attempt(), stop)


def test_an_exception_is_an_outcome_with_a_sentence(attempt: Callable[..., Any]) -> None:
    def crash(_result: StepResult) -> None:
        raise OSError("no space left")

    ending = run_attempt(attempt(), crash)
    assert (ending.outcome, ending.reason) == (Outcome.FAILED, "OSError: no space left")
