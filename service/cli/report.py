"""`supsweep report`: the robustness report of a sweep."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.failures import CommandFailed
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep


class ReportForm(StrEnum):
    """Forms of the report."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


def report(
    sweep_id: SweepId,
    form: Annotated[ReportForm, typer.Option("--format", help="Form of the report.")] = ReportForm.MARKDOWN,
    output: Annotated[Path | None, typer.Option(help="File to write; none takes standard output.")] = None,
) -> None:
    """Print the robustness report of a sweep, or write it to a file."""
    with connect() as client:
        text = client.report(find_sweep(client, sweep_id).id, form.value)
    if output is None:
        typer.echo(text)
        return
    write_report(output, text)
    typer.echo(f"report written to {output}")


def write_report(file: Path, text: str) -> None:
    """Writes the file, and its folder where that is missing. Raises CommandFailed when it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}") from error
