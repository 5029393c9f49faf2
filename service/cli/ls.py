"""`supsweep ls`: the sweeps, newest first."""

from itertools import islice
from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.failures import CommandFailed
from service.cli.wording import make_console, make_table, moment
from service.lifecycle import SweepState
from service.schemas.sweeps import SweepSummary


def ls(
    state: Annotated[SweepState | None, typer.Option(help="Only sweeps in this state.")] = None,
    name: Annotated[str | None, typer.Option(help="Only sweeps of this name.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose; * is everybody's. For admins.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Only sweeps with this label; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most sweeps to list.")] = 20,
) -> None:
    """List sweeps, newest first."""
    labels = dict(_read_label(text) for text in label or [])
    with connect() as client:
        sweeps = list(islice(client.list_sweeps(state=state, name=name, owner=owner, labels=labels), limit))
    if not sweeps:
        typer.echo("no sweeps; submit one with: supsweep submit digits_demo")
        return
    header = ("id", "name", "state", "trials", "created")
    make_console().print(make_table(header, [_row(sweep) for sweep in sweeps]))


def _read_label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandFailed(f"--label cannot be {text!r}; accepted: a label and its value, such as team=vision")
    return name, value


def _row(sweep: SweepSummary) -> tuple[str, ...]:
    trials = f"{sweep.trials_ended}/{sweep.trials}"
    return sweep.id, sweep.name, sweep.state.value, trials, moment(sweep.created_at)
