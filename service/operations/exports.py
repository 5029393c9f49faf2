"""What a person takes away: a sweep's trials or curves as a table, page by page, each page a moment of its own."""

from collections.abc import AsyncIterator
from enum import StrEnum

from service.db import results, trials
from service.db.database import Database
from service.db.results import ResultRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow
from service.exports.columns import Row, Table
from service.exports.csv_text import header_line, lines_of
from service.exports.curve_table import CURVE_TABLE, Measurement
from service.exports.parquet_file import ParquetBytes
from service.exports.trial_table import ExportedTrial, trial_table
from service.operations.reports import header_of, trial_fact

PAGE = 50
"""Trials read in one transaction: a slow reader holds none open, and other requests get their turn in between."""


class ExportForm(StrEnum):
    """How an export is written."""

    CSV = "csv"
    PARQUET = "parquet"


class ExportTable(StrEnum):
    """What an export is of."""

    TRIALS = "trials"
    CURVES = "curves"


def export_sweep(database: Database, sweep: SweepRow, table: ExportTable, form: ExportForm) -> AsyncIterator[bytes]:
    """The table's bytes, as they are made; every trial is in it once."""
    if table is ExportTable.TRIALS:
        return _written(_trial_pages(database, sweep), trial_table(), form)
    return _written(_curve_pages(database, sweep), CURVE_TABLE, form)


async def _written(pages: AsyncIterator[list[Row]], table: Table[Row], form: ExportForm) -> AsyncIterator[bytes]:
    if form is ExportForm.CSV:
        yield header_line(table)
        async for page in pages:
            yield lines_of(table, page)
        return
    file = ParquetBytes(table)
    async for page in pages:
        yield file.write(page)
    yield file.close()


async def _trial_pages(database: Database, sweep: SweepRow) -> AsyncIterator[list[ExportedTrial]]:
    header = header_of(sweep)
    async for page in _pages(database, sweep):
        yield [
            ExportedTrial(
                sweep=header,
                trial=trial_fact(row, results, header.metric),
                state=row.state.value,
                facts=row.facts,
                checkpoint=row.checkpoint,
                started_at=row.started_at,
                ended_at=row.ended_at,
            )
            for row, results in page
        ]


async def _curve_pages(database: Database, sweep: SweepRow) -> AsyncIterator[list[Measurement]]:
    async for page in _pages(database, sweep):
        yield [measurement for row, results in page for measurement in _measurements(row, results)]


def _measurements(row: TrialRow, results: list[ResultRow]) -> list[Measurement]:
    return [
        Measurement(
            sweep_id=row.sweep_id,
            number=row.number,
            arm=row.arm,
            point=row.point,
            replicate=row.replicate,
            step=result.step,
            image_passes=result.image_passes,
            device_seconds=result.device_seconds,
            metric=metric,
            value=value,
            reported_at=result.reported_at,
        )
        for result in results
        for metric, value in sorted(result.metrics.items())
    ]


async def _pages(database: Database, sweep: SweepRow) -> AsyncIterator[list[tuple[TrialRow, list[ResultRow]]]]:
    """The sweep's trials with their results, by number."""
    after = -1
    while True:
        async with database.read() as session:
            rows = await trials.page(session, sweep.id, limit=PAGE, after=after)
            measured = await results.of_trials(session, [row.id for row in rows])
        if not rows:
            return
        yield [(row, measured.get(row.id, [])) for row in rows]
        after = rows[-1].number
