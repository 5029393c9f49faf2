"""`supsweep rm`: the end of a finished sweep."""

from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep


def rm(
    sweep_id: SweepId,
    mlflow_runs: Annotated[bool, typer.Option("--mlflow-runs", help="Delete its runs in MLflow too.")] = False,
    checkpoints: Annotated[bool, typer.Option("--checkpoints", help="Delete its checkpoints too.")] = False,
) -> None:
    """Delete a finished sweep; its runs in MLflow and its checkpoints stay unless told otherwise."""
    with connect() as client:
        sweep = find_sweep(client, sweep_id)
        client.delete_sweep(sweep.id, mlflow_runs=mlflow_runs, checkpoints=checkpoints)
    typer.echo(f"sweep {sweep.id} ({sweep.name}) is deleted")
