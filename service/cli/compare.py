"""`supsweep compare`: the reports of several sweeps side by side."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.report import ReportForm, write_report
from service.cli.sweep_ids import find_sweep


def compare(
    sweep_ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of two to ten sweeps, or prefixes.")],
    form: Annotated[ReportForm, typer.Option("--format", help="Form of the text.")] = ReportForm.MARKDOWN,
    output: Annotated[Path | None, typer.Option(help="File to write; none takes standard output.")] = None,
) -> None:
    """Show the arms and the primary figures of several sweeps side by side."""
    with connect() as client:
        text = client.compare_sweeps([find_sweep(client, one).id for one in sweep_ids], form.value)
    if output is None:
        typer.echo(text)
        return
    write_report(output, text)
    typer.echo(f"comparison written to {output}")
