"""`supsweep logs`: what the runners of a sweep have printed."""

import sys
from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep


def logs(
    sweep_id: SweepId,
    runner: Annotated[str | None, typer.Option(help="Id of one runner; all of them without it.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the sweep has finished.")] = False,
) -> None:
    """Show what the runners of a sweep have printed; Ctrl-C ends the following, not the sweep."""
    with connect() as client:
        for text in client.logs(find_sweep(client, sweep_id).id, runner_id=runner, follow=follow):
            sys.stdout.write(text)
            sys.stdout.flush()
