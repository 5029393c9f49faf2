"""`supsweep pause`, `resume`, `cancel`, `extend`, `retry-failed`, `change`, `clone`: a sweep on its way."""

from typing import Annotated, Any

import typer
import yaml

from search_spaces.outcomes import Outcome
from service.cli.connection import connect
from service.cli.failures import CommandFailed
from service.cli.show import SweepId
from service.cli.specs import parse_yaml
from service.cli.sweep_ids import find_sweep
from service.schemas.sweeps import SweepDetail

Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A field by its path and its value in YAML; may be repeated."),
]


def pause(sweep_id: SweepId) -> None:
    """Pause a sweep: running trials come back with their last checkpoint."""
    with connect() as client:
        _say(client.pause_sweep(find_sweep(client, sweep_id).id))


def resume(sweep_id: SweepId) -> None:
    """Go on with a paused sweep."""
    with connect() as client:
        _say(client.resume_sweep(find_sweep(client, sweep_id).id))


def cancel(sweep_id: SweepId) -> None:
    """Cancel a sweep: nothing of it counts from now on, and its jobs are stopped."""
    with connect() as client:
        _say(client.cancel_sweep(find_sweep(client, sweep_id).id))


def extend(
    sweep_id: SweepId,
    configurations: Annotated[int | None, typer.Option(help="Configurations per arm, all in all.")] = None,
    replicates: Annotated[int | None, typer.Option(help="Seeds per replicated configuration, all in all.")] = None,
) -> None:
    """Make the design of a sweep larger; a finished one goes on."""
    with connect() as client:
        sweep_id = find_sweep(client, sweep_id).id
        sweep = client.extend_sweep(sweep_id, configurations=configurations, replicates=replicates)
    _say(sweep, f": {sweep.trials} trials, {sweep.trials_ended} of them ended")


def retry_failed(
    sweep_id: SweepId,
    outcome: Annotated[list[Outcome] | None, typer.Option(help="How they ended; may be repeated.")] = None,
) -> None:
    """Try again what ended without an answer, or a report that could not be made; a finished sweep goes on."""
    with connect() as client:
        _say(client.retry_failed(find_sweep(client, sweep_id).id, outcome or [Outcome.FAILED]))


def change(sweep_id: SweepId, changes: Changes = None) -> None:
    """Change max_concurrent, priority, clusters, budget.… or labels.… of a sweep, for example --set priority=5."""
    with connect() as client:
        _say(client.change_sweep(find_sweep(client, sweep_id).id, read_changes(changes or [])))


def clone(sweep_id: SweepId, changes: Changes = None) -> None:
    """Submit a new sweep with the spec of another one, with changes to it, for example --set design.seed=1."""
    with connect() as client:
        sweep = client.clone_sweep(find_sweep(client, sweep_id).id, read_changes(changes or []))
    typer.echo(f"sweep {sweep.id} ({sweep.name}): {sweep.trials} trials")


def read_changes(texts: list[str]) -> dict[str, Any]:
    """A merge patch from texts such as budget.wall_clock=30m. Raises CommandFailed."""
    patch: dict[str, Any] = {}
    for text in texts:
        path, is_there, value = text.partition("=")
        if not is_there or not all(path.split(".")):
            raise CommandFailed(f"--set cannot be {text!r}; accepted: a field and its value, such as priority=5")
        *folders, field = path.split(".")
        node = patch
        for folder in folders:
            node = node.setdefault(folder, {})
        node[field] = _read_value(text, value)
    return patch


def _read_value(text: str, value: str) -> Any:
    try:
        return parse_yaml(value)
    except (yaml.YAMLError, ValueError) as error:
        raise CommandFailed(f"--set cannot be {text!r}: its value is not YAML") from error


def _say(sweep: SweepDetail, more: str = "") -> None:
    typer.echo(f"sweep {sweep.id} ({sweep.name}) is {sweep.state.value}{more}")
