"""Names, parameters, tags and statuses of the runs in MLflow."""

from dataclasses import replace

import pytest

from search_spaces.objectives import uses_field
from search_spaces.outcomes import Outcome
from search_spaces.presets import PRESETS
from search_spaces.presets.vary import vary
from search_spaces.trial_config import TrialConfig
from service.lifecycle import FINISHED_STATES, SweepState, TrialState
from service.tracking.presentation import (
    MAX_PARAMETER_CHARACTERS,
    MAX_TAG_CHARACTERS,
    OUTCOME_STATUSES,
    SWEEP_STATUSES,
    UNENDED_STATUSES,
    sweep_parameters,
    sweep_tags,
    trial_final_metrics,
    trial_parameters,
    trial_run_name,
    trial_status,
    trial_tags,
    without_credentials,
)
from service.tracking.view import Environment, Place, SweepView, TrialView


@pytest.fixture
def trial() -> TrialView:
    return TrialView(
        sweep_id="sweep",
        number=12,
        arm="supcon",
        point=6,
        replicate=0,
        config=TrialConfig.model_validate({"objective": "supcon", "temperature": 0.2}),
        state=TrialState.RUNNING,
        outcome=None,
        reason=None,
        scores={},
        facts={},
        attempts=1,
        device_seconds=0.0,
        image_passes=0,
        last_step=0,
        started_at_ms=1000,
        ended_at_ms=None,
        place=None,
        link="http://service/v1/sweeps/sweep/trials/12",
    )


@pytest.fixture
def sweep() -> SweepView:
    environment = Environment("0.1.0", None, "3.11", {})
    spec, link = PRESETS["digits_demo"](), "http://service/v1/sweeps/sweep"
    return SweepView("sweep", "ada", spec, SweepState.RUNNING, None, 1000, None, link, environment)


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
    tags = trial_tags(trial)
    assert (tags["supsweep.sweep_id"], tags["supsweep.trial"], tags["supsweep.arm"]) == ("sweep", "12", "supcon")
    assert (tags["supsweep.outcome"], tags["supsweep.reason"]) == ("", "")
    assert trial_status(trial) == "RUNNING"


def test_a_trial_that_was_lost_waits(trial: TrialView) -> None:
    assert trial_status(replace(trial, state=TrialState.PLANNED)) == "SCHEDULED"


def test_the_description_of_a_trial_leads_to_its_job(trial: TrialView) -> None:
    placed = replace(trial, place=Place("moon", "r-1", "job-1", "http://ray/#/jobs/job-1"))
    note = trial_tags(placed)["mlflow.note.content"]
    assert note == f"[Trial 12]({trial.link}) · [job job-1 on moon](http://ray/#/jobs/job-1)"
    own_worker = replace(trial, place=Place("mine", "r-2", None, None))
    assert trial_tags(own_worker)["mlflow.note.content"] == f"[Trial 12]({trial.link})"


def test_no_fact_takes_the_place_of_what_the_ledger_knows(trial: TrialView) -> None:
    facts = {"sweep_id": "other", "trial": "99", "outcome": "completed", "kind": "sweep", "reason": "?"}
    tags = trial_tags(replace(trial, facts=facts))
    assert tags | {"supsweep.outcome": ""} == trial_tags(trial)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://ada:secret@mlflow:5000/x?y=1", "http://mlflow:5000/x?y=1"),
        ("https://mlflow", "https://mlflow"),
        ("http://a@b@mlflow", "http://mlflow"),
    ],
)
def test_a_url_is_shown_without_a_password(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_what_a_trial_ran_on_is_a_tag_each(trial: TrialView) -> None:
    assert trial_tags(replace(trial, facts={"device": "x86_64"}))["supsweep.device"] == "x86_64"


def test_final_metrics_are_the_scores_and_the_cost(trial: TrialView) -> None:
    ended = replace(trial, scores={"val_top1": 0.9}, attempts=2, device_seconds=3.5, image_passes=100)
    expected = {"val_top1": 0.9, "attempts": 2.0, "device_seconds": 3.5, "image_passes": 100.0}
    assert trial_final_metrics(ended) == expected


def test_every_state_and_ending_has_a_status_of_mlflow() -> None:
    assert set(OUTCOME_STATUSES) == set(Outcome)
    assert set(SWEEP_STATUSES) == set(SweepState)
    assert set(UNENDED_STATUSES) == set(TrialState) - {TrialState.ENDED}
    endings = {SWEEP_STATUSES[state] for state in FINISHED_STATES} | set(OUTCOME_STATUSES.values())
    assert endings == {"FINISHED", "FAILED", "KILLED"}
    others = {SWEEP_STATUSES[state] for state in set(SweepState) - FINISHED_STATES} | set(UNENDED_STATUSES.values())
    assert others == {"RUNNING", "SCHEDULED"}


def test_a_sweep_that_grows_keeps_its_parameters(sweep: SweepView) -> None:
    grown = vary(sweep.spec, design={"configurations": sweep.spec.design.configurations + 5})
    assert sweep_parameters(replace(sweep, spec=grown)) == sweep_parameters(sweep)
    assert sweep_tags(replace(sweep, spec=grown)) != sweep_tags(sweep)


def test_a_search_tells_its_own_sampler(sweep: SweepView) -> None:
    search = vary(sweep.spec, design={"kind": "search", "sampler": None})
    assert sweep_parameters(replace(sweep, spec=search))["sampler"] == "tpe"


def test_long_values_are_cut_to_what_mlflow_takes(sweep: SweepView) -> None:
    arms = [arm.model_dump(mode="json") for arm in sweep.spec.arms]
    many = [{**arms[index % 2], "name": f"arm{index:057}"} for index in range(20)]
    long = replace(sweep, reason="x" * 9000, spec=vary(sweep.spec, arms=many))
    assert len(sweep_tags(long)["supsweep.reason"]) == MAX_TAG_CHARACTERS
    assert max(map(len, sweep_parameters(long).values())) <= MAX_PARAMETER_CHARACTERS
