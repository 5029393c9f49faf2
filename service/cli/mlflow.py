"""`supsweep mlflow rebuild`: makes what MLflow shows anew from the ledger."""

from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.failures import CommandFailed, failing_in_sentences
from service.cli.sweep_ids import find_sweep
from service.schemas.sweeps import SweepDetail

app = typer.Typer(help="What MLflow shows: make it anew from the ledger.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `rebuild` a word of its own although it is the only one."""


def rebuild(
    sweep_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Id of a sweep, or a prefix that only one sweep has.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every sweep of yours.")] = False,
) -> None:
    """Delete the runs of a sweep in MLflow and show them again, in the background; `supsweep show` tells how far."""
    if (sweep_id is None) != every:
        raise CommandFailed("name one sweep, or all of yours with --all")
    with connect() as client:
        ids = [find_sweep(client, sweep_id).id] if sweep_id is not None else [one.id for one in client.list_sweeps()]
        for one in ids:
            _say(client.rebuild_mlflow_view(one))
    if not ids:
        typer.echo("no sweeps")


app.command()(failing_in_sentences(rebuild))


def _say(sweep: SweepDetail) -> None:
    typer.echo(f"sweep {sweep.id} ({sweep.name}): {sweep.mlflow_events_behind} events are shown in MLflow anew")
