"""Refusals stay short, however much is wrong and however long it is."""

from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.presets import digits_smoke
from search_spaces.refusals import MOST_REFUSALS, Refusal, refusals
from search_spaces.sweep_spec import SweepSpec


def refused(**changes: Any) -> list[Refusal]:
    document = {**digits_smoke().model_dump(mode="json"), **changes}
    with pytest.raises(ValidationError) as caught:
        SweepSpec.model_validate(document)
    return refusals(caught.value.errors(), document)


def test_a_hundred_things_are_told() -> None:
    assert len(refused(labels={f"?{number}": "x" for number in range(40)})) == 40
    assert len(refused(arms=[{"name": "?", "what": 1}] * 500)) <= MOST_REFUSALS


@pytest.mark.parametrize("changes", [{"x" * 100_000: 1}, {"labels": {"?" * 100_000: "x"}}, {"name": "?" * 100_000}])
def test_long_names_are_not_repeated(changes: dict[str, Any]) -> None:
    for refusal in refused(**changes):
        assert len(refusal.detail) < 2000
        assert len(refusal.pointer) < 1000
