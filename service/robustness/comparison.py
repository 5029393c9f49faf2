"""One comparison: two arms on their matched trials, as trained and again at equal cost."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.robustness.bootstrap import draw_pairs
from service.robustness.counting import final_score
from service.robustness.equal_cost import Cost, Cuts, count_cuts, scoring_at_equal_cost
from service.robustness.estimates import Figure
from service.robustness.failures import Failures, failures_of
from service.robustness.pairs import DroppedPair, MatchedTrials, PairedScores, match_trials, score_pairs
from service.robustness.profile import Profile, profile_of
from service.robustness.significance import PairedTest, paired_tests
from service.robustness.spread import Spread, spread_of
from service.robustness.trials import SweepHeader, TrialRow
from service.robustness.verdicts import Verdict, judge_failures, judge_profile, judge_spread, judge_wins
from service.robustness.wins import Wins, wins_of


class PairedPoint(Figure):
    """The scores of both arms at one point, means over its matched seeds, in the metric's sign."""

    point: int
    score_a: float
    score_b: float
    failed_a: bool
    failed_b: bool


class View(Figure):
    """Every paired figure on one set of scores."""

    title: str
    cuts: tuple[Cuts, ...] = Field(description="At equal cost: how many trials of each arm were cut. Else empty.")
    points: tuple[PairedPoint, ...]
    verdicts: tuple[Verdict, ...]
    profiles: tuple[Profile, ...] = Field(description="From each arm's own best, then from the common best.")
    spread: Spread
    failures: Failures
    wins: Wins


class Comparison(Figure):
    """Arm a against arm b, on the points where both count."""

    arms: tuple[str, str]
    pairs: int = Field(description="Points used.")
    trial_pairs: int = Field(description="Matched trials used; more than points when there are several seeds.")
    dropped: tuple[DroppedPair, ...]
    alone: tuple[int, int] = Field(
        default=(0, 0), description="Trials of each arm at points that the other does not have."
    )
    reason: str | None = Field(description="Why there are no figures.")
    views: tuple[View, ...] = Field(description="As trained, at equal image passes, at equal device-seconds.")


def compare(
    sweep: SweepHeader, arms: tuple[str, str], trials: Sequence[TrialRow], seed: int
) -> tuple[Comparison, list[PairedTest]]:
    """The comparison of two arms, and its tests on the scores as trained, not yet corrected."""
    matched = match_trials(arms, trials)
    table = score_pairs(matched.pairs, lambda pair: (final_score(sweep, pair[0]), final_score(sweep, pair[1])))
    comparison = Comparison(
        arms=arms,
        pairs=len(table),
        trial_pairs=len(matched.pairs),
        dropped=matched.dropped,
        alone=matched.alone,
        reason=None if len(table) else "no point has a trial of both arms that counts",
        views=tuple(_views(sweep, matched, table, seed)) if len(table) else (),
    )
    return comparison, paired_tests(arms, table) if len(table) else []


def _views(sweep: SweepHeader, matched: MatchedTrials, as_trained: PairedScores, seed: int) -> list[View]:
    draws_RN = draw_pairs(len(as_trained), seed)
    views = [_view("as trained", sweep, matched.arms, as_trained, (), draws_RN, seed)]
    costs: list[tuple[str, Cost]] = [("equal image passes", "image_passes"), ("equal device-seconds", "device_seconds")]
    for title, cost in costs:
        table = score_pairs(matched.pairs, scoring_at_equal_cost(sweep, cost))
        cuts = count_cuts(matched.arms, matched.pairs, cost)
        views.append(_view(title, sweep, matched.arms, table, cuts, draws_RN, seed))
    return views


def _view(
    title: str,
    sweep: SweepHeader,
    arms: tuple[str, str],
    table: PairedScores,
    cuts: tuple[Cuts, ...],
    draws_RN: NDArray[np.intp],
    seed: int,
) -> View:
    own = profile_of(table, draws_RN, "own best", sweep.sign)
    common = profile_of(table, draws_RN, "common best", sweep.sign)
    spread = spread_of(table, seed, sweep.sign)
    failures = failures_of(table)
    wins = wins_of(table, seed, sweep.sign)
    verdicts = (
        judge_profile(arms, own, len(table)),
        judge_profile(arms, common, len(table)),
        judge_spread(arms, spread, len(table)),
        judge_failures(arms, failures, len(table)),
        judge_wins(arms, wins, len(table)),
    )
    return View(
        title=title,
        cuts=cuts,
        points=_points(table, sweep.sign),
        verdicts=verdicts,
        profiles=(own, common),
        spread=spread,
        failures=failures,
        wins=wins,
    )


def _points(table: PairedScores, sign: int) -> tuple[PairedPoint, ...]:
    columns = (table.scores_a, table.scores_b, table.failed_a, table.failed_b)
    rows = zip(table.points, *(column.tolist() for column in columns), strict=True)
    return tuple(
        PairedPoint(point=point, score_a=sign * a, score_b=sign * b, failed_a=failed_a, failed_b=failed_b)
        for point, a, b, failed_a, failed_b in rows
    )
