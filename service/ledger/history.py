"""What has been tried so far, as a search needs it to say what to try next, and what to end early."""

from collections.abc import Mapping

from search_spaces.sweep_spec import SweepSpec
from service.db import results, trials
from service.db.database import Session
from service.db.trials import TrialRow
from service.search.pruning import Curve
from service.search.study import PastTrial


async def load_history(session: Session, sweep_id: str, spec: SweepSpec) -> list[PastTrial]:
    """Every trial of the sweep by number, in any state; with its curve where some may have been pruned."""
    is_pruned = spec.pruning.kind != "none"
    curves = await results.curves(session, sweep_id, spec.score_metric.name) if is_pruned else {}
    return [_past_trial(spec, row, curves.get(row.number, {})) for row in await trials.page(session, sweep_id)]


async def load_earlier(session: Session, spec: SweepSpec) -> list[PastTrial]:
    """The trials of the sweep that a search starts from, without curves; none once it was deleted.

    Their scores are those of this search's metrics.
    """
    if spec.warm_start is None:
        return []
    return [_past_trial(spec, row, {}) for row in await trials.page(session, spec.warm_start)]


async def load_curves(session: Session, sweep_id: str, spec: SweepSpec, arm: str) -> list[Curve]:
    """The curve of every trial of the arm by number: all that a pruner looks at."""
    outcomes = await trials.outcomes(session, sweep_id, arm)
    values = await results.curves(session, sweep_id, spec.score_metric.name, arm=arm)
    return [Curve(number, outcome, values.get(number, {})) for number, outcome in sorted(outcomes.items())]


def _past_trial(spec: SweepSpec, row: TrialRow, curve: Mapping[int, float]) -> PastTrial:
    return PastTrial(
        number=row.number,
        arm=row.arm,
        point=row.point,
        replicate=row.replicate,
        config=row.config,
        outcome=row.outcome,
        scores=_scores(spec, row),
        curve=curve,
        attributes=row.search_attributes,
    )


def _scores(spec: SweepSpec, row: TrialRow) -> tuple[float, ...] | None:
    """Its values of the sweep's metrics, where it has all of them: a completed trial."""
    names = [metric.name for metric in spec.metrics]
    return tuple(row.scores[name] for name in names) if all(name in row.scores for name in names) else None
