"""Names, parameters, tags and statuses of the runs in MLflow."""

from dataclasses import replace

import pytest

from search_spaces.objectives import uses_field
from search_spaces.outcomes import Outcome
from search_spaces.presets import PRESETS
from search_spaces.presets.vary import vary
from search_spaces.trial_config import TrialConfig
from service.lifecycle import FINISHED_STATES, SweepState
from service.tracking.presentation import (
    MAX_PARAMETER_CHARACTERS,
    MAX_TAG_CHARACTERS,
    SWEEP_STATUSES,
    TRIAL_STATUSES,
    sweep_parameters,
    sweep_tags,
    trial_final_metrics,
    trial_parameters,
    trial_run_name,
    trial_tags,
)
from service.tracking.view import SweepView, TrialView


@pytest.fixture
def trial() -> TrialView:
    config = TrialConfig.model_validate({"objective": "supcon", "temperature": 0.2})
    return TrialView("sweep", 12, "supcon", 6, 0, config, None, None, {}, {}, 1, 0.0, 0, 1000, None)


@pytest.fixture
def sweep() -> SweepView:
    return SweepView("sweep", PRESETS["digits_demo"](), SweepState.RUNNING, None, 1000, None)


def test_a_name_tells_arm_number_and_point(trial: TrialView) -> None:
    assert trial_run_name(trial) == "supcon #12 point 6"


def test_replicates_after_the_first_are_named(trial: TrialView) -> None:
    assert trial_run_name(replace(trial, replicate=1)) == "supcon #12 point 6 replicate 2"


def test_a_trials_parameters_are_its_place_and_the_fields_its_objective_uses(trial: TrialView) -> None:
    used = {name for name in TrialConfig.model_fields if uses_field(trial.config.objective, name)}
    parameters = trial_parameters(trial)
    assert set(parameters) == used | {"arm", "point", "replicate"}
    assert (parameters["objective"], parameters["temperature"]) == ("supcon", "0.2")


def test_a_running_trial_has_no_outcome_and_no_reason(trial: TrialView) -> None:
    expected = {"supsweep.sweep_id": "sweep", "supsweep.trial": "12", "supsweep.arm": "supcon"}
    assert trial_tags(trial) == expected


def test_what_a_trial_ran_on_is_a_tag_each(trial: TrialView) -> None:
    assert trial_tags(replace(trial, facts={"device": "x86_64"}))["supsweep.device"] == "x86_64"


def test_final_metrics_are_the_scores_and_the_cost(trial: TrialView) -> None:
    ended = replace(trial, scores={"val_top1": 0.9}, attempts=2, device_seconds=3.5, image_passes=100)
    expected = {"val_top1": 0.9, "attempts": 2.0, "device_seconds": 3.5, "image_passes": 100.0}
    assert trial_final_metrics(ended) == expected


def test_every_ending_has_a_status_of_mlflow() -> None:
    assert set(TRIAL_STATUSES) == set(Outcome)
    assert set(SWEEP_STATUSES) == set(FINISHED_STATES)
    assert {*TRIAL_STATUSES.values(), *SWEEP_STATUSES.values()} <= {"FINISHED", "FAILED", "KILLED"}


def test_a_search_tells_its_own_sampler(sweep: SweepView) -> None:
    search = vary(sweep.spec, design={"kind": "search", "sampler": None})
    assert sweep_parameters(replace(sweep, spec=search))["sampler"] == "tpe"


def test_long_values_are_cut_to_what_mlflow_takes(sweep: SweepView) -> None:
    arms = [arm.model_dump(mode="json") for arm in sweep.spec.arms]
    many = [{**arms[index % 2], "name": f"arm{index:057}"} for index in range(20)]
    long = replace(sweep, reason="x" * 9000, spec=vary(sweep.spec, arms=many))
    assert len(sweep_tags(long)["supsweep.reason"]) == MAX_TAG_CHARACTERS
    assert max(map(len, sweep_parameters(long).values())) <= MAX_PARAMETER_CHARACTERS
