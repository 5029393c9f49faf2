"""`supsweep join`: this machine runs trials of a sweep, beside its clusters or without any."""

import os
import platform
import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.failures import CommandFailed
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep
from service.embedded.signals import pass_on_ending_signals

WORKER_MODULE = "trainers.runner.alone"


def join(
    sweep_id: SweepId,
    name: Annotated[str, typer.Option(help="What this worker is called in the sweep.")] = platform.node() or "worker",
) -> None:
    """Run trials of a sweep on this machine, one at a time, until there are none left."""
    if find_spec("trainers") is None:
        raise CommandFailed("trials cannot be trained here: install supsweep[trainers]")
    with connect() as client:
        joined = client.join_sweep(find_sweep(client, sweep_id).id, name)
        brief = joined.brief.model_copy(update={"service_url": client.base_url})
    typer.echo(f"worker {name} runs trials as {brief.runner_id}; Ctrl-C gives back what it has")
    surroundings = {"SUPSWEEP_RUNNER": brief.model_dump_json(), "SUPSWEEP_RUNNER_TOKEN": joined.token}
    worker = subprocess.Popen([sys.executable, "-m", WORKER_MODULE], env=os.environ | surroundings)  # noqa: S603  # ours
    pass_on_ending_signals(worker)
    raise typer.Exit(worker.wait())
