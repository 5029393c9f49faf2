"""`supsweep export`: a sweep's trials, or their curves, as a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import FOLLOWING_PATIENCE_SECONDS, connect
from service.cli.failures import CommandFailed
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep


class Form(StrEnum):
    """Forms of the export."""

    CSV = "csv"
    PARQUET = "parquet"


class Table(StrEnum):
    """What may be exported."""

    TRIALS = "trials"
    CURVES = "curves"


def export(
    sweep_id: SweepId,
    form: Annotated[
        Form | None, typer.Option("--format", help="Form of the file; none takes that of the file's name, else csv.")
    ] = None,
    table: Annotated[Table, typer.Option(help="Trials, or every measurement of their curves.")] = Table.TRIALS,
    output: Annotated[Path | None, typer.Option(help="File to write; none names it by the sweep.")] = None,
) -> None:
    """Write a sweep's trials, or their curves, to a file: all that its report is made from."""
    chosen = form or (Form.PARQUET if output is not None and output.suffix == ".parquet" else Form.CSV)
    with connect(FOLLOWING_PATIENCE_SECONDS) as client:
        found = find_sweep(client, sweep_id).id
        file = output or Path(f"{found}-{table.value}.{chosen.value}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            client.export_sweep(found, file, chosen.value, table.value)
        except OSError as error:
            raise CommandFailed(f"{file} cannot be written: {error.strerror}") from error
    typer.echo(f"{table.value} written to {file}")
