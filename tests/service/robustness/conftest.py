"""Factories of sweeps and trials for the statistics: facts as the ledger would tell them, made up with a seed."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import ArrayLike

from search_spaces.objectives import Objective
from search_spaces.outcomes import Outcome
from search_spaces.trial_config import TrialConfig
from service.robustness import bootstrap
from service.robustness.pairs import PairedScores
from service.robustness.trials import CurvePoint, SweepHeader, TrialRow

MakeTable = Callable[..., PairedScores]
MakeSweep = Callable[..., SweepHeader]
MakeTrial = Callable[..., TrialRow]
MakeTrials = Callable[..., list[TrialRow]]


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples than a report draws, for speed; a test that needs more sets its own number."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", 600)


@pytest.fixture(scope="session")
def make_table() -> MakeTable:
    """A paired table of two columns of scores, higher is better; nothing failed unless told."""

    def make(
        scores_a: ArrayLike, scores_b: ArrayLike, failed_a: ArrayLike = False, failed_b: ArrayLike = False
    ) -> PairedScores:
        first, second = np.asarray(scores_a, dtype=np.float64), np.asarray(scores_b, dtype=np.float64)
        failures = [np.broadcast_to(np.asarray(failed, dtype=np.bool_), first.shape) for failed in (failed_a, failed_b)]
        return PairedScores(tuple(range(len(first))), first, second, failures[0], failures[1])

    return make


@pytest.fixture
def make_sweep() -> MakeSweep:
    """A paired sweep of supcon and cross_entropy on ten classes, unless told otherwise."""

    def make(**changes: object) -> SweepHeader:
        facts: dict[str, object] = {
            "sweep_id": "swp_1",
            "name": "digits-stability",
            "dataset": "digits",
            "metric": "val_top1",
            "goal": "maximize",
            "chance_level": 0.1,
            "arms": ("supcon", "cross_entropy"),
            "design": "paired",
            "match": "image_passes",
        }
        return SweepHeader(**{**facts, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_trial() -> MakeTrial:
    """One trial, completed if it has a score; its number is its point unless told otherwise."""

    def make(arm: str, point: int, score: float | None, outcome: Outcome | None = None, **changes: object) -> TrialRow:
        objective = Objective.CROSS_ENTROPY if arm == "cross_entropy" else Objective.SUPCON
        ended = outcome or (Outcome.COMPLETED if score is not None else None)
        facts: dict[str, object] = {
            "number": point,
            "arm": arm,
            "point": point,
            "replicate": 0,
            "seed": point,
            "outcome": ended,
            "reason": None,
            "score": score,
            "scores": {} if score is None else {"val_top1": score},
            "image_passes": 1000,
            "device_seconds": 10.0,
            "attempts": 1,
            "config": TrialConfig(objective=objective),
        }
        return TrialRow(**{**facts, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_trials(make_trial: MakeTrial) -> MakeTrials:
    """Completed trials of two arms, one pair of scores per point."""

    def make(scores_a: Sequence[float], scores_b: Sequence[float]) -> list[TrialRow]:
        trials = [make_trial("supcon", point, float(score)) for point, score in enumerate(scores_a)]
        return trials + [make_trial("cross_entropy", point, float(score)) for point, score in enumerate(scores_b)]

    return make


@pytest.fixture
def realistic_trials() -> MakeTrials:
    """Trials like those of a digits sweep: skewed accuracies, rising curves, some endings without a model."""
    return _realistic_trials


def _realistic_trials(points: int = 64, seed: int = 0) -> list[TrialRow]:
    generator = np.random.default_rng(seed)
    trials = []
    for point in range(points):
        multiplier = float(10 ** generator.uniform(-1, 1))
        batch_size = int(generator.choice([64, 128, 256]))
        hardness = generator.gamma(1.2)
        for arm, scale, views in (("supcon", 0.012, 2), ("cross_entropy", 0.022, 1)):
            objective = Objective.CROSS_ENTROPY if arm == "cross_entropy" else Objective.SUPCON
            config = TrialConfig(
                objective=objective, learning_rate_multiplier=multiplier, batch_size=batch_size, seed=point
            )
            tilt = 0.4 * abs(np.log10(multiplier)) * (2 if arm == "cross_entropy" else 1)
            final = round(max(0.985 - scale * (hardness + tilt + generator.gamma(0.5)), 0.2) * 216) / 216
            trials.append(_realistic_trial(2 * point + (views == 1), arm, point, config, final, views, generator))
    return trials


def _realistic_trial(
    number: int,
    arm: str,
    point: int,
    config: TrialConfig,
    final: float,
    views: int,
    generator: np.random.Generator,
) -> TrialRow:
    odds = generator.random()
    too_fast = config.learning_rate_multiplier > 4
    outcome = Outcome.COMPLETED
    if too_fast and odds < (0.5 if arm == "cross_entropy" else 0.2):
        outcome = Outcome.DIVERGED if odds < 0.3 else Outcome.COLLAPSED
    elif odds > 0.98:
        outcome = Outcome.INFEASIBLE
    epochs = 30 // views if outcome is Outcome.COMPLETED else 2
    seconds = float(generator.uniform(0.25, 0.35)) * views
    curve = tuple(
        CurvePoint(step, 1221 * views * step, seconds * step, final - 0.5 * (final - 0.1) * float(np.exp(-step / 3)))
        for step in range(1, epochs + 1)
    )
    completed = outcome is Outcome.COMPLETED
    return TrialRow(
        number=number,
        arm=arm,
        point=point,
        replicate=0,
        seed=config.seed,
        outcome=outcome,
        reason=None if completed else f"the loss {outcome.value} at epoch 2",
        score=final if completed else None,
        scores={"val_top1": final, "test_top1": final - 0.003} if completed else {},
        image_passes=1221 * views * epochs,
        device_seconds=seconds * epochs + 0.4,
        attempts=1,
        config=config,
        curve=curve,
    )
