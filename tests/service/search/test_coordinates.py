"""Factors as Optuna draws them: legal values, and back from a configuration without loss."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers import RandomSampler
from pydantic import TypeAdapter

from search_spaces.arms import arm_config
from search_spaces.domains import Domain
from search_spaces.sweep_spec import SweepSpec
from service.search.coordinates import coordinates_of, distribution_of, draw_values
from service.search.study import new_study


@settings(deadline=None)
@given(st.data())
def test_coordinates_come_back_from_the_configuration(
    random_specs: st.SearchStrategy[SweepSpec], data: st.DataObject
) -> None:
    spec = data.draw(random_specs)
    arm = data.draw(st.sampled_from(spec.arms))
    trial = new_study(sampler=RandomSampler(seed=data.draw(st.integers(0, 1000)))).ask()
    values = draw_values(trial, spec.space_of(arm))
    config = arm_config(arm, values)
    assert coordinates_of(arm, spec.space_of(arm), config) == pytest.approx(trial.params)


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "float", "low": 0.1, "high": 0.95, "step": 0.2},
        {"kind": "float", "low": 0.0, "high": 0.3, "step": 0.1},
        {"kind": "int", "low": 1, "high": 10, "step": 4},
        {"kind": "int", "low": 3, "high": 5},
        {"kind": "choice", "values": [1, True, None, "a"]},
    ],
)
def test_every_value_of_a_grid_is_drawn_and_none_beside_it(document: dict[str, Any]) -> None:
    domain: Domain = TypeAdapter(Domain).validate_python(document)
    study = new_study(sampler=RandomSampler(seed=0))
    drawn = [draw_values(study.ask(), {"factor": domain})["factor"] for _ in range(200)]
    assert {repr(value) for value in drawn} == {repr(domain.at(index)) for index in range(domain.size() or 0)}


def test_a_logarithmic_range_stays_logarithmic() -> None:
    floats = {"kind": "float", "low": 0.1, "high": 10.0, "log": True}
    whole = {"kind": "int", "low": 1, "high": 64, "log": True}
    distributions = [distribution_of(TypeAdapter(Domain).validate_python(document)) for document in (floats, whole)]
    assert [(one.low, one.high, one.log) for one in distributions] == [(0.1, 10.0, True), (1, 64, True)]
