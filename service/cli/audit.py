"""`supsweep audit`: whether the ledger, Ray and MLflow agree on a sweep."""

from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.failures import CommandFailed
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep
from service.cli.wording import make_console, make_table
from service.schemas.audit import Disagreement, NotCompared


def audit(
    sweep_id: SweepId,
    repair: Annotated[bool, typer.Option("--repair", help="Set right what can be.")] = False,
) -> None:
    """Compare the ledger with its own rules, with Ray and with MLflow. Fails when they disagree."""
    with connect() as client:
        sweep_id = find_sweep(client, sweep_id).id
        if repair:
            repaired = client.repair_sweep(sweep_id)
            for sentence in repaired.done:
                typer.echo(f"done: {sentence}")
            found, silent = repaired.left, repaired.not_compared
        else:
            audited = client.audit_sweep(sweep_id)
            found, silent = audited.disagreements, audited.not_compared
    _show(found, silent)
    if any(one.is_repairable for one in found):
        raise CommandFailed(f"they disagree: `supsweep audit {sweep_id} --repair` sets right what can be")
    if found:
        raise CommandFailed("they disagree, and a person must see why")
    typer.echo(f"sweep {sweep_id}: " + ("no disagreement in what was compared" if silent else "all agree"))


def _show(found: list[Disagreement], silent: list[NotCompared]) -> None:
    for one in silent:
        typer.echo(f"not compared with {one.part.value}: {one.subject}: {one.reason}")
    if found:
        header = ("with", "kind", "about", "what", "repairable")
        make_console().print(make_table(header, [_row(one) for one in found]))


def _row(one: Disagreement) -> tuple[str, ...]:
    return one.part.value, one.kind, one.subject, one.detail, "yes" if one.is_repairable else "no"
