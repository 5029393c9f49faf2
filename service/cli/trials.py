"""`supsweep trials` and `supsweep trial`: the trials of a sweep, and one of them with every attempt at it."""

from itertools import islice
from typing import Annotated

import typer

from search_spaces.outcomes import Outcome
from service.cli.connection import connect
from service.cli.show import SweepId
from service.cli.sweep_ids import find_sweep
from service.cli.wording import make_console, make_table, moment, score
from service.lifecycle import TrialState
from service.schemas.trials import AttemptView, TrialDetail, TrialView


def trials(
    sweep_id: SweepId,
    arm: Annotated[str | None, typer.Option(help="Only trials of this arm.")] = None,
    state: Annotated[TrialState | None, typer.Option(help="Only trials in this state.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only trials that ended so.")] = None,
    point: Annotated[int | None, typer.Option(min=0, help="Only trials of this configuration.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most trials to list.")] = 50,
) -> None:
    """List the trials of a sweep by number."""
    with connect() as client:
        found = client.list_trials(find_sweep(client, sweep_id).id, arm=arm, state=state, outcome=outcome, point=point)
        listed = list(islice(found, limit))
    if not listed:
        typer.echo("no such trials")
        return
    header = ("trial", "arm", "point", "state", "score", "attempts", "device-seconds", "reason")
    make_console().print(make_table(header, [_row(trial) for trial in listed]))


def trial(
    sweep_id: SweepId,
    number: Annotated[int, typer.Argument(min=0, metavar="NUMBER", help="Number of the trial in its sweep.")],
) -> None:
    """Show one trial: its configuration, how it ended, and every attempt at it."""
    with connect() as client:
        found = client.get_trial(find_sweep(client, sweep_id).id, number)
    console = make_console()
    console.print(make_table(("", ""), _facts(found)))
    if found.history:
        console.print()
        header = ("attempt", "runner", "cluster", "started", "ended", "ending", "device-seconds")
        console.print(make_table(header, [_attempt_row(attempt) for attempt in found.history]))


def _row(trial: TrialView) -> tuple[str, ...]:
    return (
        str(trial.number),
        trial.arm,
        str(trial.point),
        _ending(trial),
        score(trial.score),
        str(trial.attempts),
        f"{trial.device_seconds:.1f}",
        trial.reason or "–",
    )


def _facts(trial: TrialDetail) -> list[tuple[str, str]]:
    changed = trial.config.model_dump(mode="json", exclude_defaults=True)
    facts = [
        ("trial", f"{trial.number}, {trial.arm}, point {trial.point}, replicate {trial.replicate}"),
        ("state", _ending(trial) + (f": {trial.reason}" if trial.reason else "")),
        ("configuration", ", ".join(f"{field} = {value}" for field, value in changed.items())),
        ("image passes", f"{trial.image_passes:,}"),
        ("device-seconds", f"{trial.device_seconds:.1f}"),
    ]
    facts += [(name, score(value)) for name, value in trial.scores.items()]
    facts += list(trial.facts.items())
    if trial.checkpoint is not None:
        facts.append(("checkpoint", trial.checkpoint))
    return facts


def _ending(trial: TrialView) -> str:
    return trial.state.value if trial.outcome is None else trial.outcome.value.replace("_", " ")


def _attempt_row(attempt: AttemptView) -> tuple[str, ...]:
    return (
        str(attempt.number),
        attempt.runner,
        attempt.cluster,
        moment(attempt.started_at),
        moment(attempt.ended_at),
        attempt.ending or "running",
        f"{attempt.device_seconds:.1f}",
    )
