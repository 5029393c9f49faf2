"""`supsweep show`: one sweep and its arms."""

from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.sweep_ids import find_sweep
from service.cli.wording import endings, make_console, make_table, moment, score
from service.lifecycle import SweepState
from service.schemas.sweeps import ArmProgress, SweepDetail

SweepId = Annotated[str, typer.Argument(metavar="ID", help="Id of a sweep, or a prefix that only one sweep has.")]


def show(sweep_id: SweepId) -> None:
    """Show one sweep: its state, its arms, what it cost."""
    with connect() as client:
        sweep = find_sweep(client, sweep_id)
    console = make_console()
    console.print(make_table(("", ""), _facts(sweep)))
    console.print()
    header = ("arm", "ended", "running", "planned", f"best {sweep.spec.score_metric.name}", "endings")
    console.print(make_table(header, [_arm_row(arm) for arm in sweep.arms]))


def _facts(sweep: SweepDetail) -> list[tuple[str, str]]:
    reason = f" ({sweep.state_reason})" if sweep.state_reason else ""
    facts = [
        ("sweep", f"{sweep.id} {sweep.name}"),
        ("state", f"{sweep.state.value}{reason}"),
        ("created", moment(sweep.created_at)),
        ("started", moment(sweep.started_at)),
        ("ended", moment(sweep.ended_at)),
        ("device-seconds", f"{sweep.device_seconds:.1f}"),
    ]
    facts += [(f"label {name}", value) for name, value in sweep.labels.items()]
    if sweep.links.mlflow is not None:
        facts.append(("MLflow", sweep.links.mlflow))
    if sweep.mlflow_events_behind:
        problem = f": {sweep.mlflow_problem}" if sweep.mlflow_problem else ""
        facts.append(("MLflow is", f"{sweep.mlflow_events_behind} events behind{problem}"))
    if sweep.state is SweepState.SUCCEEDED:
        facts.append(("report", f"supsweep report {sweep.id}"))
    return facts


def _arm_row(arm: ArmProgress) -> tuple[str, ...]:
    ended = f"{sum(arm.outcomes.values())}/{arm.total}"
    return arm.arm, ended, str(arm.running), str(arm.planned), score(arm.best_score), endings(arm.outcomes)
