"""The figures of a report, alone."""

from collections.abc import Callable

import plotly.io
import pytest

from service.robustness.figures import figure_files
from service.robustness.report import RobustnessReport, build_report
from service.robustness.trials import SweepHeader, TrialRow


@pytest.fixture
def report(make_sweep: Callable[..., SweepHeader], realistic_trials: Callable[..., list[TrialRow]]) -> RobustnessReport:
    return build_report(make_sweep(), realistic_trials(16))


def test_every_figure_stands_alone_under_a_name_that_tells_what_it_shows(report: RobustnessReport) -> None:
    files = figure_files(report.model_dump_json())
    assert len(files) == 3 * 7 + 4 + 1, "seven for each view, four by learning rate, one of cost"
    for name, text in files.items():
        figure = plotly.io.from_json(text)
        assert name.endswith(".json")
        assert "/" not in name
        assert figure.data
        assert figure.layout.title.text


def test_a_figure_holds_the_numbers_that_it_shows(report: RobustnessReport) -> None:
    cost = plotly.io.from_json(figure_files(report.model_dump_json())["cost.json"])
    assert [bar.x[0] for bar in cost.data] == pytest.approx([arm.cost.device_seconds for arm in report.arms])
