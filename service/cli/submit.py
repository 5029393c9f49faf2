"""`supsweep submit`: hands a sweep to the service."""

from typing import Annotated

import typer

from service.cli.connection import FOLLOWING_PATIENCE_SECONDS, SHORT_PATIENCE_SECONDS, connect
from service.cli.following import follow
from service.cli.specs import read_spec


def submit(
    source: Annotated[str, typer.Argument(metavar="SPEC", help="A .yaml or .json file, or the name of a preset.")],
    watch: Annotated[bool, typer.Option("--watch", help="Follow the sweep to its end.")] = False,
) -> None:
    """Submit a sweep: a spec in a file, or a preset."""
    spec = read_spec(source)
    with connect(FOLLOWING_PATIENCE_SECONDS if watch else SHORT_PATIENCE_SECONDS) as client:
        sweep = client.create_sweep(spec)
        typer.echo(f"sweep {sweep.id} ({sweep.name}): {sweep.trials} trials")
        if not watch:
            typer.echo(f"follow it with: supsweep watch {sweep.id}")
            return
        follow(client, sweep)
        typer.echo(f"sweep {sweep.id} succeeded; its report: supsweep report {sweep.id}")
