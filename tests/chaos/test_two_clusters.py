"""One sweep served by two Ray clusters at once, one of them killed half way."""

import tempfile
from pathlib import Path

import pytest
from chaos.show_two_clusters import play

from search_spaces.outcomes import Outcome
from service.lifecycle import RunnerState

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.e2e, pytest.mark.timeout(900)]


def test_other_cluster_ends_the_sweep_when_one_dies_half_way() -> None:
    # A short path: a socket's may not be longer than 107 characters.
    with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder:
        evidence = play(Path(folder) / "home", print)
    assert {trial.outcome for trial in evidence.trials} == {Outcome.COMPLETED}
    assert {runner.cluster for runner in evidence.runners} == {"east", "west"}
    assert any(runner.cluster == "west" and runner.state is RunnerState.FENCED for runner in evidence.runners)
    clusters = {runner.id: runner.cluster for runner in evidence.runners}
    ended = [
        attempt for attempts in evidence.attempts.values() for attempt in attempts if attempt.ending == "completed"
    ]
    assert "east" in {clusters[attempt.runner_id] for attempt in ended}
