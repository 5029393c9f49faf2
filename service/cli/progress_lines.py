"""Progress as plain lines, one per thing that happened: for logs and pipes."""

import typer

from service.cli.progress import SweepProgress
from service.cli.wording import score
from service.schemas.events import EventView


class ProgressLines:
    """Writes a line for every event that a person wants to know of."""

    def __init__(self, progress: SweepProgress) -> None:
        self._progress = progress

    def show(self, event: EventView) -> None:
        """Writes what happened; the event has been counted."""
        sentence = describe_event(event, self._progress)
        if sentence is not None:
            typer.echo(f"{event.at.astimezone():%H:%M:%S} {sentence}")


def describe_event(event: EventView, progress: SweepProgress) -> str | None:
    """A line for people; none for a step of a trial and the like."""
    fact = event.data
    match event.kind:
        case "sweep.state":
            return f"sweep {fact['new']}{_because(fact['reason'])}"
        case "trial.ended":
            arm = progress.arm_of(event)
            ending = f"{progress.metric} {score(fact['score'])}" if fact["score"] is not None else "no score"
            done = f"{arm.name} {arm.ended}/{arm.total}"
            return f"{done}: trial {fact['number']} {fact['outcome']}, {ending}{_because(fact['reason'])}"
        case "trial.lost":
            arm = progress.arm_of(event)
            return f"{arm.name} {arm.ended}/{arm.total}: trial {fact['number']} was lost{_because(fact['reason'])}"
        case "runner.opened":
            return f"runner submitted to cluster {fact['cluster']}"
        case "runner.fenced":
            return f"runner given up{_because(fact['reason'])}"
    return None


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""
