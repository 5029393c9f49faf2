"""A patch of a spec: judged as a new one, without blame for what an earlier release had accepted."""

from typing import Any

import pytest
from fakes.ledger import small_spec
from pydantic import ValidationError

from search_spaces.sweep_spec import SweepSpec
from service.schemas.steering import SweepPatch, patched_spec

TOO_SHORT: dict[str, Any] = {"budget": {"trial_timeout": 60}}


def timed_document() -> dict[str, Any]:
    """A sweep whose trials train for five minutes."""
    return small_spec(design={"match": "device_seconds", "device_seconds": "5m"}).model_dump(mode="json")


def test_a_rule_that_the_spec_keeps_is_not_broken() -> None:
    spec = SweepSpec.model_validate(timed_document())
    with pytest.raises(ValidationError, match="ends trials that are to train"):
        patched_spec(spec, SweepPatch.model_validate(TOO_SHORT))


def test_a_spec_that_is_accepted_no_more_is_changed_all_the_same() -> None:
    spec = SweepSpec.stored(timed_document() | TOO_SHORT)
    assert patched_spec(spec, SweepPatch(priority=3)).priority == 3
