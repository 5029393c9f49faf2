"""Sweeps: the table and its queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Index, String, Text, or_, select, tuple_, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Mapped, mapped_column

from search_spaces.sweep_spec import SweepSpec
from service.db.base import Base, Json, UtcDateTime, Word
from service.db.database import Session
from service.errors import NotFound
from service.lifecycle import FINISHED_STATES, SweepState


class SweepRow(Base):
    """A sweep: the spec as it was accepted, and where it stands."""

    __tablename__ = "sweeps"
    __table_args__ = (Index(None, "state", "due_at"), Index(None, "owner", "created_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    owner: Mapped[str] = mapped_column(String(100))
    spec_document: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[SweepState] = mapped_column(Word(SweepState))
    state_reason: Mapped[str | None] = mapped_column(Text)
    """What holds the sweep up now, or why it was cut."""
    cut_reason: Mapped[str | None] = mapped_column(Text)
    """Why it ended before its time."""
    ends_as: Mapped[SweepState | None] = mapped_column(Word(SweepState))
    """What a cancelling sweep becomes once nothing runs any more: cancelled or failed."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it came into its state."""
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    version: Mapped[int] = mapped_column(default=1)
    """Counts the changes that people made; its ETag."""
    generation: Mapped[int] = mapped_column(default=1)
    """Counts whatever makes a decision about it out of date, moves of the reconciler included; a claim is on one."""
    priority: Mapped[int] = mapped_column(default=0)
    """That of its spec, where SQL can order by it."""
    paused_seconds: Mapped[float] = mapped_column(default=0.0)
    """Over all pauses that have ended; they are not part of its wall clock."""

    reopened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it last went on after it had finished: what happened to its runners before says nothing now."""

    deletion_began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when some of it may be gone: it never goes on again, and a deletion that was cut off is asked for again."""

    event_count: Mapped[int] = mapped_column(default=0)
    """Sequence of the newest event. Taking the next one locks the row, so events commit in order."""

    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the reconciler looks next."""
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def running_seconds(self, now: datetime) -> float:
        """What its wall clock shows: the time since it started, without its pauses."""
        if self.started_at is None:
            return 0.0
        stopped_at = self.ended_at or (self.moved_at if self.state is SweepState.PAUSED else now)
        return (stopped_at - self.started_at).total_seconds() - self.paused_seconds

    @property
    def failed_without_cut(self) -> bool:
        """Whether it failed although nothing cut it: its trials have ended, and their report could not be made."""
        return self.state is SweepState.FAILED and self.ends_as is None

    @property
    def spec(self) -> SweepSpec:
        """The spec, as a document of the vocabulary."""
        return SweepSpec.stored(self.spec_document)


class IdempotencyRow(Base):
    """An Idempotency-Key that made something, with the hash of the body it came with."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    resource: Mapped[str] = mapped_column(String(200))
    """What it made: `sweeps/<id>`, for example."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


async def find(session: Session, sweep_id: str, *, lock: bool = False) -> SweepRow | None:
    """The sweep of that id. With `lock`, no other transaction changes it until this one ends."""
    query = select(SweepRow).where(SweepRow.id == sweep_id).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def get(session: Session, sweep_id: str, *, lock: bool = False) -> SweepRow:
    """The sweep of that id. Raises NotFound: it may have been deleted since it was last seen."""
    row = await find(session, sweep_id, lock=lock)
    if row is None:
        raise NotFound(f"no sweep {sweep_id!r}")
    return row


async def delete(session: Session, sweep_id: str) -> None:
    """Deletes the sweep with everything that belongs to it, and whatever would lead to it."""
    resource, name = IdempotencyRow.resource, f"sweeps/{sweep_id}"
    await session.execute(sql_delete(IdempotencyRow).where(or_(resource == name, resource.startswith(f"{name}/"))))
    await session.execute(sql_delete(SweepRow).where(SweepRow.id == sweep_id))


class Position(NamedTuple):
    """How far a sweep has come."""

    state: SweepState
    event_count: int


async def position(session: Session, sweep_id: str) -> Position | None:
    """How far the sweep has come; none when it is gone."""
    query = select(SweepRow.state, SweepRow.event_count).where(SweepRow.id == sweep_id)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else Position(*row)


async def page(
    session: Session,
    owner: str | None,
    *,
    limit: int,
    after: tuple[datetime, str] | None = None,
    state: SweepState | None = None,
    name: str | None = None,
    labels: Sequence[tuple[str, str]] = (),
) -> Sequence[SweepRow]:
    """Up to `limit` of an owner's sweeps, newest first, that come after the (created_at, id) of `after`.

    None is everybody's.
    """
    query = select(SweepRow)
    if owner is not None:
        query = query.where(SweepRow.owner == owner)
    if after is not None:
        query = query.where(tuple_(SweepRow.created_at, SweepRow.id) < after)
    if state is not None:
        query = query.where(SweepRow.state == state)
    if name is not None:
        query = query.where(SweepRow.name == name)
    for label, value in labels:
        query = query.where(SweepRow.spec_document["labels"][label].as_string() == value)
    query = query.order_by(SweepRow.created_at.desc(), SweepRow.id.desc()).limit(limit)
    return (await session.scalars(query)).all()


async def newest_on_dataset(session: Session, owner: str, dataset: str, *, limit: int) -> Sequence[SweepRow]:
    """Up to `limit` of an owner's sweeps on the dataset of that name, newest first."""
    query = select(SweepRow).where(
        SweepRow.owner == owner, SweepRow.spec_document["dataset"]["name"].as_string() == dataset
    )
    return (await session.scalars(query.order_by(SweepRow.created_at.desc()).limit(limit))).all()


async def claim_due(session: Session, worker: str, *, now: datetime, until: datetime) -> SweepRow | None:
    """Claims for `worker`, until `until`, the unfinished sweep that has been due longest; None when none is due."""
    free = or_(SweepRow.claimed_until.is_(None), SweepRow.claimed_until <= now)
    due = select(SweepRow).where(SweepRow.state.not_in(FINISHED_STATES), SweepRow.due_at <= now, free)
    row = (
        await session.scalars(due.order_by(SweepRow.due_at).limit(1).with_for_update(skip_locked=True))
    ).one_or_none()
    if row is not None:
        row.claimed_by, row.claimed_until = worker, until
    return row


async def forget_future(session: Session, *, now: datetime, until: datetime) -> None:
    """What is due later than `until` is due now, and no claim lasts longer: the clock has been put back."""
    await session.execute(update(SweepRow).where(SweepRow.due_at > until).values(due_at=now))
    await session.execute(update(SweepRow).where(SweepRow.claimed_until > until).values(claimed_until=until))


async def lock_unfinished(session: Session) -> None:
    """Locks every sweep that has not finished, in one order: whoever holds one of them is waited for."""
    unfinished = select(SweepRow.id).where(SweepRow.state.not_in(FINISHED_STATES)).order_by(SweepRow.id)
    await session.execute(unfinished.with_for_update())


async def find_claimed(session: Session, sweep_id: str, worker: str) -> SweepRow | None:
    """The sweep, locked, if `worker` still holds its claim."""
    row = await find(session, sweep_id, lock=True)
    return row if row is not None and row.claimed_by == worker else None


async def find_idempotency_key(session: Session, owner: str, key: str) -> IdempotencyRow | None:
    """What an Idempotency-Key made before."""
    return await session.get(IdempotencyRow, (owner, key))
