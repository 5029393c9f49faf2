"""What has been tried so far, as a search needs it to say what to try next."""

from service.db import sweeps, trials
from service.db.database import Session
from service.search.study import PastTrial


async def load_history(session: Session, sweep_id: str) -> list[PastTrial]:
    """Every trial of the sweep by number, in any state, with its curve of the sweep's metric."""
    sweep = await sweeps.find(session, sweep_id)
    assert sweep is not None, f"the history of a sweep that is not there: {sweep_id}"
    metric = sweep.spec.score_metric.name
    curves = await trials.results_of(session, sweep_id)
    return [
        PastTrial(
            number=row.number,
            arm=row.arm,
            point=row.point,
            replicate=row.replicate,
            config=row.config,
            outcome=row.outcome,
            score=row.score,
            curve={point.step: point.metrics[metric] for point in curves.get(row.id, []) if metric in point.metrics},
        )
        for row in await trials.page(session, sweep_id)
    ]
