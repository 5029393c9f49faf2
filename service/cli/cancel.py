"""`supsweep cancel`: ends a sweep before its time."""

import typer

from service.cli.connection import connect
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep


def cancel(sweep_id: SweepId) -> None:
    """Cancel a sweep: nothing of it counts from now on, and its jobs are stopped."""
    with connect() as client:
        sweep = client.cancel_sweep(find_sweep(client, sweep_id).id)
    typer.echo(f"sweep {sweep.id} ({sweep.name}) is {sweep.state.value}")
