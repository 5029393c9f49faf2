"""The summary of a report on a screen."""

import io

from rich.console import Console

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from service.cli.report_summary import print_summary
from service.robustness.report import RobustnessReport, build_report
from service.robustness.trials import SweepHeader, TrialRow

SPEC = digits_smoke()


def report_of(scores: dict[str, list[float]]) -> RobustnessReport:
    """The report of completed trials with these scores, point by point."""
    header = SweepHeader(
        "abc", "digits-smoke", "digits", "val_top1", "maximize", 0.1, tuple(scores), "paired", "epochs"
    )
    trials = [
        TrialRow(
            number=point * len(scores) + index,
            arm=arm,
            point=point,
            replicate=0,
            seed=0,
            outcome=Outcome.COMPLETED,
            reason=None,
            score=score,
            scores={"val_top1": score},
            image_passes=100,
            device_seconds=1.0,
            attempts=1,
            config=SPEC.base_config(SPEC.arm(arm)),
            curve=(),
        )
        for index, arm in enumerate(scores)
        for point, score in enumerate(scores[arm])
    ]
    return build_report(header, trials)


def summary(report: RobustnessReport) -> str:
    """What is printed."""
    screen = io.StringIO()
    print_summary(report, Console(file=screen, width=120, markup=False))
    return screen.getvalue()


def test_summary_has_counts_figures_verdicts_and_cost() -> None:
    text = summary(report_of({"supcon": [0.9, 0.91, 0.92], "cross_entropy": [0.5, 0.7, 0.9]}))
    titles = [
        "How the trials ended",
        "ε-robustness profile",
        "Spread of scores",
        "Failure rate",
        "Head to head",
        "Cost",
    ]
    positions = [text.index(title) for title in titles]
    assert positions == sorted(positions)
    assert "3 pairs" in text


def test_summary_of_one_arm_says_why_nothing_is_compared() -> None:
    text = summary(report_of({"supcon": [0.9, 0.91]}))
    assert "one arm, supcon" in text
    assert "Head to head" not in text
