"""A sweep that is followed to its end: plain lines, bars in a terminal, and the tallies behind both."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes.scripted_service import Answer, ScriptedService
from rich.console import Console
from typer.testing import Result

from search_spaces.outcomes import Outcome
from service.cli.progress import SweepProgress
from service.cli.progress_bars import ProgressBars
from service.lifecycle import SweepState
from service.schemas.events import EventView
from service.schemas.sweeps import SweepDetail

Supsweep = Callable[..., Result]


def started(number: int, arm: str) -> dict[str, Any]:
    """A trial was given to a runner."""
    return {"kind": "trial.started", "number": number, "arm": arm}


def ended(number: int, arm: str, outcome: Outcome, score: float | None, reason: str | None = None) -> dict[str, Any]:
    """A trial got its outcome."""
    return {"kind": "trial.ended", "number": number, "arm": arm, "outcome": outcome, "score": score, "reason": reason}


def state(new: SweepState, reason: str | None = None) -> dict[str, Any]:
    """The sweep moved."""
    return {"kind": "sweep.state", "new": new, "reason": reason}


STORY = [
    state(SweepState.QUEUED),
    {"kind": "runner.opened", "cluster": "local"},
    state(SweepState.RUNNING),
    started(0, "supcon"),
    started(1, "cross_entropy"),
    {"kind": "trial.step", "number": 0, "step": 1, "metrics": {"val_top1": 0.5}},
    {"kind": "trial.lost", "number": 0, "reason": "its process was killed"},
    ended(1, "cross_entropy", Outcome.COMPLETED, 0.5),
    started(0, "supcon"),
    ended(0, "supcon", Outcome.COMPLETED, 0.75),
    started(2, "supcon"),
    ended(2, "supcon", Outcome.DIVERGED, None, "loss is nan"),
    started(3, "cross_entropy"),
    ended(3, "cross_entropy", Outcome.COMPLETED, 0.25),
    state(SweepState.ANALYSING),
    state(SweepState.SUCCEEDED),
]
"""What happens in a sweep of two arms × two configurations."""


def events_of(story: list[dict[str, Any]]) -> list[EventView]:
    """The story as events."""
    at = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    return [
        EventView(sequence=sequence, kind=fact["kind"], at=at, data={key: fact[key] for key in fact if key != "kind"})
        for sequence, fact in enumerate(story, 1)
    ]


@pytest.fixture
def succeeds(scripted: ScriptedService, sweep: SweepDetail) -> SweepDetail:
    """A sweep to which the story happens."""
    finished = sweep.model_copy(update={"state": SweepState.SUCCEEDED})
    stream = "".join(f"data: {event.model_dump_json()}\n\n" for event in events_of(STORY))
    scripted.answers("POST", "/v1/sweeps", Answer(sweep.model_dump_json(), 201))
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", Answer(finished.model_dump_json()))
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}/events", Answer(stream))
    return finished


def test_lines_tell_every_ending_with_its_arm_and_score(supsweep: Supsweep, succeeds: SweepDetail) -> None:
    result = supsweep("watch", succeeds.id)
    assert result.exit_code == 0, result.stderr
    assert [line.split(" ", 1)[1] for line in result.stdout.splitlines()] == [
        "sweep queued",
        "runner submitted to cluster local",
        "sweep running",
        "supcon 0/2: trial 0 was lost (its process was killed)",
        "cross_entropy 1/2: trial 1 completed, val_top1 0.5000",
        "supcon 1/2: trial 0 completed, val_top1 0.7500",
        "supcon 2/2: trial 2 diverged, no score (loss is nan)",
        "cross_entropy 2/2: trial 3 completed, val_top1 0.2500",
        "sweep analysing",
        "sweep succeeded",
        f"{succeeds.id} succeeded; its report: supsweep report {succeeds.id}",
    ]


def test_submit_with_watch_follows_what_it_has_submitted(supsweep: Supsweep, succeeds: SweepDetail) -> None:
    result = supsweep("submit", "digits_smoke", "--watch")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == f"sweep {succeeds.id} (digits-smoke): 4 trials"
    assert "supcon 2/2" in result.stdout


def test_submit_with_report_follows_and_prints_the_report_as_the_report_command_does(
    supsweep: Supsweep, scripted: ScriptedService, succeeds: SweepDetail
) -> None:
    scripted.answers("GET", f"/v1/sweeps/{succeeds.id}/report", Answer("# Robustness report\n\nsupcon holds up."))
    result = supsweep("submit", "digits_smoke", "--report")
    assert result.exit_code == 0, result.stderr
    assert "sweep succeeded\n# Robustness report\n\nsupcon holds up.\n" in result.stdout
    (asked,) = scripted.requests_of("GET", f"/v1/sweeps/{succeeds.id}/report")
    assert asked.headers["Accept"] == "text/markdown"


def test_no_report_is_asked_for_of_a_sweep_that_failed(
    supsweep: Supsweep, scripted: ScriptedService, succeeds: SweepDetail
) -> None:
    failed = succeeds.model_copy(update={"state": SweepState.FAILED, "state_reason": "too many trials failed"})
    scripted.answers("GET", f"/v1/sweeps/{failed.id}", Answer(failed.model_dump_json()))
    result = supsweep("submit", "digits_smoke", "--report")
    assert (result.exit_code, result.stderr) == (1, f"supsweep: sweep {failed.id} failed: too many trials failed\n")
    assert scripted.requests_of("GET", f"/v1/sweeps/{failed.id}/report") == []


def test_failed_sweep_is_told_with_its_reason(
    supsweep: Supsweep, scripted: ScriptedService, succeeds: SweepDetail
) -> None:
    failed = succeeds.model_copy(update={"state": SweepState.FAILED, "state_reason": "too many trials failed"})
    scripted.answers("GET", f"/v1/sweeps/{failed.id}", Answer(failed.model_dump_json()))
    result = supsweep("watch", failed.id)
    assert result.exit_code == 1
    assert result.stderr == f"supsweep: sweep {failed.id} failed: too many trials failed\n"


def test_tallies_count_every_trial_once(sweep: SweepDetail) -> None:
    progress = SweepProgress(sweep)
    for event in events_of(STORY):
        progress.count(event)
    assert progress.arms["supcon"].outcomes == {Outcome.COMPLETED: 1, Outcome.DIVERGED: 1}
    assert progress.arms["cross_entropy"].outcomes == {Outcome.COMPLETED: 2}
    assert [arm.best_score for arm in progress.arms.values()] == [0.75, 0.5]
    assert not any(arm.running for arm in progress.arms.values())


def test_lost_trial_runs_no_more(sweep: SweepDetail) -> None:
    progress = SweepProgress(sweep)
    for event in events_of(STORY[:6]):
        progress.count(event)
    assert progress.arms["supcon"].running == {0}
    progress.count(events_of(STORY)[6])
    assert progress.arms["supcon"].running == set()


def test_best_score_of_a_loss_is_the_lowest(sweep: SweepDetail) -> None:
    metric = sweep.spec.score_metric.model_copy(update={"name": "val_nll"})
    spec = sweep.spec.model_copy(update={"metric": metric})
    progress = SweepProgress(sweep.model_copy(update={"spec": spec}))
    for event in events_of(STORY):
        progress.count(event)
    assert progress.arms["cross_entropy"].best_score == 0.25


def test_terminal_shows_a_bar_per_arm_with_what_is_above_them(sweep: SweepDetail) -> None:
    terminal = io.StringIO()
    progress = SweepProgress(sweep)
    with ProgressBars(
        progress, Console(file=terminal, force_terminal=True, width=100, markup=False, highlight=False)
    ) as bars:
        for event in events_of(STORY):
            progress.count(event)
            bars.show(event)
    screen = terminal.getvalue()
    assert "trial 0 was lost (its process was killed)" in screen
    last = screen.rpartition("supcon")[2]
    assert "2/2" in last
    assert "1 completed, 1 diverged, best 0.7500" in last
