"""What a person does with the curves of a trial: look at them, as finely as a screen can show."""

from collections.abc import Sequence

from service.db import results
from service.db.database import Session
from service.db.results import ResultRow
from service.db.sweeps import SweepRow
from service.operations.downsampling import thin_out
from service.operations.trials import find_trial
from service.schemas.curves import Curve, TrialCurves


async def get_curves(
    session: Session, sweep: SweepRow, number: int, *, names: Sequence[str], points: int | None
) -> TrialCurves:
    """The curves of those names, or all, thinned out to at most so many points each. Raises NotFound."""
    trial = await find_trial(session, sweep, number)
    steps = await results.of_trial(session, trial.id)
    wanted = names or sorted({name for step in steps for name in step.metrics})
    return TrialCurves(number=number, curves={name: _curve(name, steps, points) for name in wanted})


def _curve(name: str, steps: Sequence[ResultRow], points: int | None) -> Curve:
    measured = [step for step in steps if name in step.metrics]
    values = [result.metrics[name] for result in measured]
    kept = range(len(values)) if points is None else thin_out(values, points)
    return Curve(
        steps=[measured[index].step for index in kept],
        values=[values[index] for index in kept],
        image_passes=[measured[index].image_passes for index in kept],
        device_seconds=[measured[index].device_seconds for index in kept],
        measured=len(measured),
    )
