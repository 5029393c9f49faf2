"""`supsweep watch`: follows a sweep to its end."""

import typer

from service.cli.connection import FOLLOWING_PATIENCE_SECONDS, connect
from service.cli.following import follow
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep


def watch(sweep_id: SweepId) -> None:
    """Follow a sweep to its end; Ctrl-C ends the watching, not the sweep."""
    with connect(FOLLOWING_PATIENCE_SECONDS) as client:
        sweep = follow(client, find_sweep(client, sweep_id))
    typer.echo(f"sweep {sweep.id} succeeded; its report: supsweep report {sweep.id}")
