"""A number is a number: what pydantic would turn into one is refused, everywhere in the vocabulary."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.domains import FloatDomain, IntDomain
from search_spaces.runner_protocol import StepResult
from search_spaces.space import check_value, held_value
from search_spaces.sweep_spec import Budget, Evaluation, Resources
from search_spaces.trial_config import TrialConfig
from search_spaces.vocabulary import Vocabulary
from service.schemas.keys import KeyRotation
from service.schemas.steering import ExtendRequest, SweepPatch
from service.schemas.webhooks import WebhookRequest

URL = "https://example.org"


@pytest.mark.parametrize(
    ("kind", "document", "accepted"),
    [
        (Resources, {"max_concurrent": True}, "a valid integer"),
        (Resources, {"max_concurrent": "3"}, "a valid integer"),
        (Resources, {"gpus_per_worker": False}, "a valid number"),
        (Resources, {"gpus_per_worker": "0.5"}, "a valid number"),
        (Budget, {"device_hours": True}, "a valid number"),
        (Budget, {"wall_clock": True}, "a valid number"),
        (Evaluation, {"calibration": 1}, "a valid boolean"),
        (Evaluation, {"calibration": "yes"}, "a valid boolean"),
        (TrialConfig, {"objective": "supcon", "epochs": True}, "a valid integer"),
        (IntDomain, {"kind": "int", "low": True, "high": 8}, "a valid integer"),
        (FloatDomain, {"kind": "float", "low": "0.5", "high": 8}, "a valid number"),
        (FloatDomain, {"kind": "float", "low": 0.5, "high": 8, "log": "true"}, "a valid boolean"),
        (SweepPatch, {"priority": True}, "a valid integer"),
        (SweepPatch, {"budget": {"max_failure_rate": True}}, "a valid number"),
        (ExtendRequest, {"configurations": True}, "a valid integer"),
        (KeyRotation, {"grace_seconds": True}, "a valid number"),
        (WebhookRequest, {"url": URL, "is_enabled": 1}, "a valid boolean"),
    ],
)
@pytest.mark.parametrize("is_json", [False, True], ids=["python", "json"])
def test_what_only_looks_like_a_number_is_refused(
    kind: type[Vocabulary], document: dict[str, Any], accepted: str, is_json: bool
) -> None:
    with pytest.raises(ValidationError, match=f"Input should be {accepted}"):
        kind.model_validate_json(json.dumps(document)) if is_json else kind.model_validate(document)


def test_numbers_are_taken_as_json_writes_them() -> None:
    assert Resources.model_validate({"max_concurrent": 3.0, "gpus_per_worker": 1}).max_concurrent == 3
    assert Budget.model_validate({"wall_clock": "30m", "device_hours": 2}).wall_clock == 1800
    assert Budget.model_validate({"device_hours": None}).device_hours is None


def test_numbers_in_lists_and_maps_are_judged_too() -> None:
    step = {"tune_trial_id": "a", "step": 1, "image_passes": 0, "device_seconds": 0, "attempt_device_seconds": 0}
    assert StepResult.model_validate(step | {"metrics": {"loss": 1}}).metrics == {"loss": 1.0}
    with pytest.raises(ValidationError, match="a valid number"):
        StepResult.model_validate(step | {"metrics": {"loss": True}})


def test_a_value_that_an_arm_gives_is_judged_like_the_field_itself() -> None:
    for value in (True, "15"):
        with pytest.raises(ValueError, match=f"epochs cannot be {value!r}; accepted: a valid integer"):
            check_value("epochs", value, ["arms", 0, "base", "epochs"])
    assert held_value("epochs", 15.0) == 15
