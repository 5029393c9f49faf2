"""An attempt survives the way through Tune unchanged, and carries what the brief says."""

from collections.abc import Callable
from typing import Any

from search_spaces.runner_protocol import StepResult, TrialEnding
from trainers.runner.attempt import attempt_of, folder_of, from_config, from_result, to_config, to_result


def test_a_config_gives_back_the_attempt(brief: Callable[..., Any], assignment: Callable[..., Any]) -> None:
    attempt = attempt_of(brief(), "attempt-000001", assignment(3, checkpoint="000003/epoch-000002.pt"))
    assert from_config(to_config(attempt)) == attempt


def test_the_attempt_knows_its_resources_and_its_folder(
    brief: Callable[..., Any], assignment: Callable[..., Any]
) -> None:
    resources = {"workers": 2, "cpus_per_worker": 4, "gpus_per_worker": 1}
    attempt = attempt_of(brief(resources=resources), "attempt-000001", assignment(7))
    assert (attempt.resources.devices, attempt.resources.cpus_per_worker) == (2.0, 4)
    assert folder_of(attempt) == "000007"


def test_news_comes_back_as_what_it_was(
    step: Callable[..., StepResult], completed: Callable[[str], TrialEnding]
) -> None:
    for news in (step("a"), completed("a")):
        assert from_result(to_result(news)) == news


def test_only_an_ending_ends_the_tune_trial(
    step: Callable[..., StepResult], completed: Callable[[str], TrialEnding]
) -> None:
    assert not to_result(step("a"))["done"]
    assert to_result(completed("a"))["done"]
