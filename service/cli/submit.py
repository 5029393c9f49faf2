"""`supsweep submit`: hands a sweep to the service."""

from typing import Annotated

import typer

from service.cli.connection import FOLLOWING_PATIENCE_SECONDS, SHORT_PATIENCE_SECONDS, connect
from service.cli.following import follow
from service.cli.report import ReportForm
from service.cli.specs import read_spec


def submit(
    source: Annotated[str, typer.Argument(metavar="SPEC", help="A .yaml or .json file, or the name of a preset.")],
    watch: Annotated[bool, typer.Option("--watch", help="Follow the sweep to its end.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Follow it, then print its report.")] = False,
) -> None:
    """Submit a sweep: a spec in a file, or a preset."""
    spec = read_spec(source)
    is_followed = watch or report
    with connect(FOLLOWING_PATIENCE_SECONDS if is_followed else SHORT_PATIENCE_SECONDS) as client:
        sweep = client.create_sweep(spec)
        typer.echo(f"sweep {sweep.id} ({sweep.name}): {sweep.trials} trials")
        if not is_followed:
            typer.echo(f"follow it with: supsweep watch {sweep.id}")
            return
        follow(client, sweep)
        if report:
            typer.echo(client.report(sweep.id, ReportForm.MARKDOWN.value))
            return
        typer.echo(f"sweep {sweep.id} succeeded; its report: supsweep report {sweep.id}")
