"""Results: what trials measured at the end of each epoch; the table and its queries."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select, tuple_
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, Json, LargeCount, UtcDateTime
from service.db.database import Session
from service.db.trials import TrialRow


class ResultRow(Base):
    """What a trial measured at the end of an epoch: once per (trial, step), whoever attempted it."""

    __tablename__ = "results"

    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    metrics: Mapped[dict[str, float]] = mapped_column(Json)
    image_passes: Mapped[int] = mapped_column(LargeCount)
    device_seconds: Mapped[float]
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)


async def known(session: Session, places: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of the (trial id, step) for which there is a result."""
    place = tuple_(ResultRow.trial_id, ResultRow.step)
    rows = await session.execute(select(ResultRow.trial_id, ResultRow.step).where(place.in_(places)))
    return {(trial_id, step) for trial_id, step in rows}


async def of_trial(session: Session, trial_id: int) -> Sequence[ResultRow]:
    """The results of one trial by step."""
    return (
        await session.scalars(select(ResultRow).where(ResultRow.trial_id == trial_id).order_by(ResultRow.step))
    ).all()


async def of_trials(session: Session, trial_ids: Collection[int]) -> dict[int, list[ResultRow]]:
    """Trial id → its results by step, for those of the trials that have any."""
    query = select(ResultRow).where(ResultRow.trial_id.in_(trial_ids)).order_by(ResultRow.trial_id, ResultRow.step)
    return _by_trial(await session.scalars(query))


async def of_sweep(session: Session, sweep_id: str) -> dict[int, list[ResultRow]]:
    """Trial id → its results by step, for every trial of the sweep that has any."""
    query = select(ResultRow).join(TrialRow, TrialRow.id == ResultRow.trial_id).where(TrialRow.sweep_id == sweep_id)
    return _by_trial(await session.scalars(query.order_by(ResultRow.trial_id, ResultRow.step)))


async def curves(
    session: Session, sweep_id: str, metric: str, *, arm: str | None = None
) -> dict[int, dict[int, float]]:
    """Number of the trial → step → the metric, for every trial, or those of one arm, that reported it."""
    value = ResultRow.metrics[metric].as_float()
    query = select(TrialRow.number, ResultRow.step, value).join(TrialRow, TrialRow.id == ResultRow.trial_id)
    query = query.where(TrialRow.sweep_id == sweep_id, value.is_not(None))
    if arm is not None:
        query = query.where(TrialRow.arm == arm)
    found: dict[int, dict[int, float]] = {}
    for number, step, measured in await session.execute(query.order_by(ResultRow.step)):
        found.setdefault(number, {})[step] = measured
    return found


def _by_trial(rows: Iterable[ResultRow]) -> dict[int, list[ResultRow]]:
    found: dict[int, list[ResultRow]] = {}
    for row in rows:
        found.setdefault(row.trial_id, []).append(row)
    return found
