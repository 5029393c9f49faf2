"""The reporter puts on the desk what Tune sees."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ray.tune.experiment import Trial

from search_spaces.runner_protocol import LONGEST_REASON, ReportAnswer
from trainers.runner.attempt import to_result
from trainers.runner.departure import Cause, Departure, LeaveNow
from trainers.runner.desk import Desk
from trainers.runner.reporter import Reporter


@dataclass
class TuneTrial:
    """What the reporter looks at in a Tune trial."""

    config: dict[str, Any]
    status: str = Trial.RUNNING
    error_file: str | None = None

    def is_finished(self) -> bool:
        return self.status in (Trial.TERMINATED, Trial.ERROR)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def departure() -> Departure:
    return Departure()


@pytest.fixture
def reporter(desk: Desk, departure: Departure) -> Reporter:
    return Reporter(desk, departure)


@pytest.fixture
def trial(desk: Desk, assignment: Callable[..., Any]) -> TuneTrial:
    desk.answered(assignment())
    name, _ = desk.take_trial(0)
    return TuneTrial({"tune_trial_id": name})


def result_of(reporter: Reporter, trial: TuneTrial, news: Any) -> None:
    reporter.on_trial_result(iteration=1, trials=[trial], trial=trial, result=to_result(news))


def step_end(reporter: Reporter, trial: TuneTrial) -> None:
    reporter.on_step_end(iteration=1, trials=[trial])


def test_results_and_endings_are_reported(
    reporter: Reporter, desk: Desk, trial: TuneTrial, step: Callable[..., Any], completed: Callable[[str], Any]
) -> None:
    name = trial.config["tune_trial_id"]
    result_of(reporter, trial, step(name))
    result_of(reporter, trial, completed(name))
    trial.status = Trial.TERMINATED
    step_end(reporter, trial)
    report = desk.next_report()
    assert (report.results, report.outcomes, report.lost) == ([step(name)], [completed(name)], [])


def test_a_trial_whose_process_died_is_lost_with_what_ray_saw(
    reporter: Reporter, desk: Desk, trial: TuneTrial, tmp_path: Path
) -> None:
    error = tmp_path / "error.txt"
    error.write_text("The actor died: SIGKILL\n" + "x" * LONGEST_REASON)
    trial.status, trial.error_file = Trial.ERROR, str(error)
    step_end(reporter, trial)
    step_end(reporter, trial)
    [loss] = desk.next_report().lost
    assert "The actor died: SIGKILL" in loss.reason


def test_a_trial_that_ended_without_a_word_is_lost(reporter: Reporter, desk: Desk, trial: TuneTrial) -> None:
    trial.status = Trial.TERMINATED
    step_end(reporter, trial)
    assert [loss.reason for loss in desk.next_report().lost] == ["its process ended without an outcome"]


def test_a_drained_trial_is_lost_for_that_reason(reporter: Reporter, desk: Desk, trial: TuneTrial) -> None:
    desk.delivered(desk.next_report(), ReportAnswer(drain=True))
    trial.status = Trial.TERMINATED
    step_end(reporter, trial)
    assert [loss.reason for loss in desk.next_report().lost] == ["the runner was drained"]


def test_of_a_stopped_trial_only_its_last_epoch_is_reported(
    reporter: Reporter, desk: Desk, trial: TuneTrial, step: Callable[..., Any]
) -> None:
    name = trial.config["tune_trial_id"]
    desk.delivered(desk.next_report(), ReportAnswer(stop=[name]))
    result_of(reporter, trial, step(name))
    trial.status = Trial.TERMINATED
    step_end(reporter, trial)
    report = desk.next_report()
    assert (len(report.results), report.outcomes, report.lost) == (1, [], [])


def test_a_running_trial_is_not_lost(reporter: Reporter, desk: Desk, trial: TuneTrial) -> None:
    step_end(reporter, trial)
    assert desk.next_report().lost == []


def test_the_loop_is_left_when_the_runner_must_leave(reporter: Reporter, departure: Departure) -> None:
    reporter.on_step_begin(iteration=1, trials=[])
    departure.decide(Cause.REFUSED)
    with pytest.raises(LeaveNow):
        reporter.on_step_begin(iteration=2, trials=[])
