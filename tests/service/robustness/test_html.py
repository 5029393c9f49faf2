"""The page: whole, self-contained, and safe with text from people."""

import re
from collections.abc import Callable

import pytest
from plotly.offline import get_plotlyjs

from search_spaces.outcomes import Outcome
from service.robustness.html import render_html
from service.robustness.report import build_report
from service.robustness.trials import SweepHeader, TrialRow


def without_plotly(page: str) -> str:
    return page.replace(get_plotlyjs(), "")


def test_the_page_holds_plotly_once_and_asks_the_network_for_nothing(
    make_sweep: Callable[..., SweepHeader], realistic_trials: Callable[..., list[TrialRow]]
) -> None:
    page = render_html(build_report(make_sweep(), realistic_trials(16)))
    assert page.count(get_plotlyjs()) == 1
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", without_plotly(page))
    assert "@import" not in without_plotly(page)


def test_every_figure_has_its_heading_its_plot_and_its_numbers(
    make_sweep: Callable[..., SweepHeader], realistic_trials: Callable[..., list[TrialRow]]
) -> None:
    report = build_report(make_sweep(), realistic_trials(16))
    page = without_plotly(render_html(report))
    for title in (
        "ε-robustness profile",
        "Spread of scores",
        "Head to head",
        "Failure rate",
        "Score and learning rate",
        "Cost",
    ):
        assert f"<h3>{title}</h3>" in page
    # Seven plots for each view that differs (equal image passes does not), four by learning rate, one of cost.
    assert page.count('class="plotly-graph-div"') == 2 * 7 + 4 + 1
    assert all(verdict.answer is None or verdict.answer in page for verdict in report.comparisons[0].views[0].verdicts)


def test_text_from_people_is_escaped(
    make_sweep: Callable[..., SweepHeader], make_trials: Callable[..., list[TrialRow]]
) -> None:
    evil = "<script>alert('x')</script>"
    sweep = make_sweep(name=evil, dataset=evil, note=evil, metric=evil, sweep_id=evil)
    page = without_plotly(render_html(build_report(sweep, make_trials([0.9, 0.8], [0.7, 0.6]))))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.DIVERGED, None])
@pytest.mark.parametrize("design", ["paired", "search"])
def test_a_sweep_without_scores_still_has_a_page(
    outcome: Outcome, design: str, make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    trials = [make_trial(arm, point, None, outcome) for arm in ("supcon", "cross_entropy") for point in range(6)]
    report = build_report(make_sweep(design=design), trials)
    page = without_plotly(render_html(report))
    assert (report.why_no_comparison or "in short") in page


def test_a_sweep_without_trials_still_has_a_page(make_sweep: Callable[..., SweepHeader]) -> None:
    assert "Robustness report" in render_html(build_report(make_sweep(), []))
