"""Follows a sweep to its end and shows its progress on the way: bars in a terminal, plain lines otherwise."""

from collections.abc import Callable

from service.cli.failures import CommandFailed
from service.cli.progress import SweepProgress
from service.cli.progress_bars import ProgressBars
from service.cli.progress_lines import ProgressLines
from service.cli.wording import make_console
from service.client.client import SupsweepClient
from service.lifecycle import SweepState
from service.schemas.events import EventView
from service.schemas.sweeps import SweepDetail


def follow(client: SupsweepClient, sweep: SweepDetail) -> SweepDetail:
    """The sweep when it has succeeded. Raises CommandFailed with the reason when it ended otherwise."""
    progress = SweepProgress(sweep)
    console = make_console()
    if console.is_terminal:
        with ProgressBars(progress, console) as bars:
            _count_events(client, sweep.id, progress, bars.show)
    else:
        _count_events(client, sweep.id, progress, ProgressLines(progress).show)
    ended = client.get_sweep(sweep.id)
    if ended.state is not SweepState.SUCCEEDED:
        reason = f": {ended.state_reason}" if ended.state_reason else ""
        raise CommandFailed(f"sweep {sweep.id} {_ending(ended.state)}{reason}")
    return ended


def _count_events(
    client: SupsweepClient, sweep_id: str, progress: SweepProgress, show: Callable[[EventView], None]
) -> None:
    for event in client.events(sweep_id):
        progress.count(event)
        show(event)


def _ending(state: SweepState) -> str:
    return "failed" if state is SweepState.FAILED else f"was {state.value}"
