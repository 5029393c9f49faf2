"""Reports side by side: nothing is computed anew, and what is not comparable is said."""

from collections.abc import Callable

import pytest

from service.robustness.report import build_report
from service.robustness.side_by_side import figures_table, put_side_by_side, sweeps_table
from service.robustness.side_by_side_pages import render_side_by_side_html, render_side_by_side_markdown
from service.robustness.trials import SweepHeader, TrialRow

MakeSweep = Callable[..., SweepHeader]
MakeTrials = Callable[..., list[TrialRow]]

SCORES = ([0.9, 0.8, 0.95, 0.7, 0.85, 0.6], [0.7, 0.85, 0.6, 0.5, 0.8, 0.65])


def test_figures_are_those_of_the_reports(make_sweep: MakeSweep, make_trials: MakeTrials) -> None:
    report = build_report(make_sweep(), make_trials(*SCORES))
    both = put_side_by_side([report, report])
    (figures,) = both.sweeps[0].comparisons
    view = report.comparisons[0].views[0]
    assert (figures.area_from_common_best, figures.probability) == (view.profiles[1].area, view.wins.probability)
    assert figures.verdicts == view.verdicts
    assert len(figures_table(both).rows) == len(sweeps_table(both).rows) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metric": "val_nll", "goal": "minimize"}, "scored by different metrics: val_top1, val_nll"),
        ({"dataset": "cifar10"}, "on different datasets: digits, cifar10"),
        ({"match": "epochs"}, "matched by different costs: image_passes, epochs"),
        ({"design": "grid"}, "of different designs: paired, grid"),
    ],
)
def test_difference_that_forbids_comparing_is_said(
    make_sweep: MakeSweep, make_trials: MakeTrials, change: dict[str, str], words: str
) -> None:
    reports = [build_report(make_sweep(**one), make_trials(*SCORES)) for one in ({}, change)]
    both = put_side_by_side(reports)
    assert [words in caution for caution in both.cautions] == [True]
    assert words in render_side_by_side_markdown(both)
    assert words in render_side_by_side_html(both)


def test_search_stands_beside_a_paired_sweep_without_figures(make_sweep: MakeSweep, make_trials: MakeTrials) -> None:
    reports = [build_report(make_sweep(design=design), make_trials(*SCORES)) for design in ("paired", "search")]
    both = put_side_by_side(reports)
    assert both.sweeps[1].comparisons == ()
    assert "biased" in render_side_by_side_markdown(both)
    assert "biased" in render_side_by_side_html(both)


def test_comparison_without_a_pair_says_why(make_sweep: MakeSweep, make_trials: MakeTrials) -> None:
    empty = build_report(make_sweep(), [])
    both = put_side_by_side([empty, build_report(make_sweep(), make_trials(*SCORES))])
    assert both.sweeps[0].comparisons[0].reason == "no point has a trial of both arms that counts"
    assert "no point has a trial" in render_side_by_side_html(both)


def test_what_people_wrote_is_no_markup(make_sweep: MakeSweep, make_trials: MakeTrials) -> None:
    report = build_report(make_sweep(note="<script>alert(1)</script> | *x*"), make_trials(*SCORES))
    both = put_side_by_side([report, report])
    assert "<script>alert" not in render_side_by_side_html(both)
    markdown = render_side_by_side_markdown(both)
    assert "<script>" not in markdown
    assert "\\| \\*x\\*" in markdown
