"""What a runner may report: bounds that the ledger, its reports and MLflow can keep."""

from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.runner_protocol import LARGEST_COUNT, LARGEST_MEASURE, AskRequest, StepResult

RESULT: dict[str, Any] = {
    "tune_trial_id": "t1",
    "step": 1,
    "metrics": {"val_top1": 0.5},
    "image_passes": 10,
    "device_seconds": 1.0,
    "attempt_device_seconds": 1.0,
    "checkpoint": "trials/0/epoch-1",
}


def result(**changes: Any) -> StepResult:
    return StepResult.model_validate({**RESULT, **changes})


@pytest.mark.parametrize(
    "name", ["val_top1", "test_nll", "corruptions/gaussian_noise/3", "top 1", "a:b", "x.y-z", "per_class/recall/0"]
)
def test_names_that_mlflow_takes_are_names_of_metrics(name: str) -> None:
    assert result(metrics={name: 0.5}).metrics == {name: 0.5}


@pytest.mark.parametrize(
    "name", ["", "a\0b", "\ud800", "acc%", "<b>", "a//b", "/a", "a/", "../a", "a/../b", "é", "x" * 201]
)
def test_other_names_of_metrics_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        result(metrics={name: 0.5})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("step", 2**31),
        ("image_passes", LARGEST_COUNT + 1),
        ("metrics", {"val_top1": 2 * LARGEST_MEASURE}),
        ("metrics", {"val_top1": -2 * LARGEST_MEASURE}),
        ("device_seconds", 1e300),
        ("attempt_device_seconds", 1e300),
        ("checkpoint", "x" * 1001),
        ("checkpoint", "\ud800"),
        ("tune_trial_id", "a\0"),
    ],
)
def test_what_no_ledger_could_keep_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        result(**{field: value})


def test_name_of_an_attempt_can_be_stored() -> None:
    with pytest.raises(ValidationError, match="NUL"):
        AskRequest(tune_trial_id="a\0")
