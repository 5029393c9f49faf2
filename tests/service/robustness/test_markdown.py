"""The Markdown form: complete, well-formed, and safe with text from people."""

from collections.abc import Callable

import pytest

from search_spaces.outcomes import Outcome
from service.robustness.markdown import render_markdown
from service.robustness.report import build_report
from service.robustness.trials import SweepHeader, TrialRow


def test_the_page_opens_with_alerts_and_counts_before_any_verdict(
    make_sweep: Callable[..., SweepHeader], realistic_trials: Callable[..., list[TrialRow]]
) -> None:
    text = render_markdown(build_report(make_sweep(note="cut short"), realistic_trials(16)))
    places = [
        text.index(part)
        for part in (
            "# Robustness of digits-stability",
            "cut short",
            "How the trials ended",
            "What is compared",
            "## In short",
        )
    ]
    assert places == sorted(places)


def test_every_verdict_and_every_view_is_told(
    make_sweep: Callable[..., SweepHeader], realistic_trials: Callable[..., list[TrialRow]]
) -> None:
    report = build_report(make_sweep(), realistic_trials(16))
    text = render_markdown(report)
    assert all(verdict.sentence in text for verdict in report.comparisons[0].views[0].verdicts)
    assert "### At equal image passes" in text
    assert "### At equal device-seconds" in text
    assert "unfinished schedule" in text


def test_every_row_of_a_table_has_the_cells_of_its_header(
    make_sweep: Callable[..., SweepHeader], realistic_trials: Callable[..., list[TrialRow]]
) -> None:
    text = render_markdown(build_report(make_sweep(), realistic_trials(16)))
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


def test_text_that_looks_like_markup_is_escaped(
    make_sweep: Callable[..., SweepHeader], make_trials: Callable[..., list[TrialRow]]
) -> None:
    sweep = make_sweep(note="<script>alert(1)</script> | [x](javascript:y)\n# big")
    text = render_markdown(build_report(sweep, make_trials([0.9, 0.8], [0.7, 0.6])))
    assert "<script>" not in text
    assert "](javascript" not in text
    assert "\n# big" not in text


@pytest.mark.parametrize("design", ["paired", "search"])
def test_a_sweep_without_figures_says_why(
    design: str, make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    trials = [make_trial(arm, 0, None, Outcome.FAILED) for arm in ("supcon", "cross_entropy")]
    report = build_report(make_sweep(design=design), trials)
    assert report.why_no_comparison in render_markdown(report)
