"""`supsweep preview`: what a terminal shows of a plan."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

from search_spaces.presets import PRESETS, digits_demo
from service.client.client import SupsweepClient
from service.operations.outlook import describe_plan
from service.schemas.preview import PlanPreview
from service.search.costs import PastTrial, setting_of
from service.search.designs import plan_trials

Supsweep = Callable[..., Result]


def previewed(device_seconds_per_pass: float) -> PlanPreview:
    """The demo's preview after trials at that rate."""
    spec = digits_demo()
    past = [
        PastTrial(setting_of(trial.config, spec.dataset, spec.resources), device_seconds_per_pass * factor)
        for trial in plan_trials(spec)
        for factor in (0.8, 1.0, 1.2)
    ]
    return describe_plan(spec, plan_trials(spec), past)


def test_preview_shows_counts_power_and_an_honest_unknown(supsweep: Supsweep, client: SupsweepClient) -> None:
    before = len(list(client.list_sweeps()))
    result = supsweep("preview", "digits_demo")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "digits-demo: paired design"
    assert [line.split() for line in lines[3:6]] == [
        ["supcon", "16", "240", "586,560", "unknown"],
        ["cross_entropy", "16", "480", "586,560", "unknown"],
        ["all", "32", "720", "1,173,120", "unknown"],
    ]
    assert "unknown: you have no finished trial of the same encoder" in result.stdout
    assert "with 16 pairs, a true SD ratio of 2." in result.stdout
    assert "simulated with exponential regrets" in " ".join(result.stdout.split())
    assert len(list(client.list_sweeps())) == before


def test_preview_shows_intervals_and_where_a_budget_cuts(supsweep: Supsweep, scripted: ScriptedService) -> None:
    scripted.answers("POST", "/v1/sweeps/preview", Answer(previewed(0.004).model_dump_json()))
    text = " ".join(supsweep("preview", "digits_demo").stdout.split())
    assert "cost 1.3 h [1." in text
    assert "wall clock 39.1 min [" in text
    assert "2 trials at once" in text
    assert "Cut: budget.wall_clock of 30 min ends it after about 12 of 16 pairs" in text


def test_preview_of_seconds_is_told_in_seconds(supsweep: Supsweep, scripted: ScriptedService) -> None:
    scripted.answers("POST", "/v1/sweeps/preview", Answer(previewed(0.00001).model_dump_json()))
    assert "cost 12 s [" in " ".join(supsweep("preview", "digits_demo").stdout.split())


def test_preview_of_a_search_says_what_it_cannot_know(supsweep: Supsweep, scripted: ScriptedService) -> None:
    scripted.answers(
        "POST", "/v1/sweeps/preview", Answer(describe_plan(PRESETS["tune_supcon"](), [], []).model_dump_json())
    )
    text = " ".join(supsweep("preview", "tune_supcon").stdout.split())
    assert "detects nothing: a search is not compared" in text
    assert "Note: pruned trials cost less" in text


@pytest.mark.usefixtures("service")
def test_wrong_spec_is_told_before_anything_is_asked(supsweep: Supsweep, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("name: x\nsurprise: 1\n")
    result = supsweep("preview", file)
    assert result.exit_code == 1
    assert "unknown field 'surprise'" in result.stderr
