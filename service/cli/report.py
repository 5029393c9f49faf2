"""`supsweep report`: the robustness report of a sweep, as the service has it or made again from an export."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.failures import CommandFailed
from service.cli.sweep_ids import find_sweep
from service.embedded.installation import check_installed

SHOWN_DIFFERENCES = 10


class ReportForm(StrEnum):
    """Forms of the report."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


def report(
    sweep_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Id of a sweep, or a prefix that only one sweep has.")
    ] = None,
    form: Annotated[ReportForm, typer.Option("--format", help="Form of the report.")] = ReportForm.MARKDOWN,
    output: Annotated[Path | None, typer.Option(help="File to write; none takes standard output.")] = None,
    recompute: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Make the report again from this export; with ID, hold it against the stored one."
        ),
    ] = None,
) -> None:
    """Print the robustness report of a sweep, or write it to a file; or make it again from an export."""
    if recompute is not None and sweep_id is not None:
        _hold_against_stored(sweep_id, recompute)
        return
    text = _stored(sweep_id, form) if recompute is None else _made_again(recompute, form)
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


def _stored(sweep_id: str | None, form: ReportForm) -> str:
    if sweep_id is None:
        raise CommandFailed("whose report? name a sweep, or an export with --recompute")
    with connect() as client:
        return client.report(find_sweep(client, sweep_id).id, form.value)


def _made_again(file: Path, form: ReportForm) -> str:
    check_installed(("scipy", "pyarrow"), extra="service")
    # Inside: the statistics take seconds to load, and are not installed with the client alone.
    from service.cli.recompute import make_again, written_as  # noqa: PLC0415

    return written_as(make_again(file), form.value)


def _hold_against_stored(sweep_id: str, file: Path) -> None:
    check_installed(("scipy", "pyarrow"), extra="service")
    from service.cli.recompute import differences, make_again  # noqa: PLC0415  # as above

    with connect() as client:
        found = find_sweep(client, sweep_id).id
        numbers, different = differences(client.report(found, "json"), make_again(file))
    if not different:
        typer.echo(f"the report of sweep {found} is the one made again from {file}: {numbers:,} numbers, all the same")
        return
    for one in different[:SHOWN_DIFFERENCES]:
        typer.echo(f"{one.pointer}: stored {one.stored!r}, made again {one.made_again!r}")
    raise CommandFailed(f"the report of sweep {found} differs from {file} in {len(different):,} places")
