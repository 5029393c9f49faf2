"""Progress as one bar per arm, for terminals."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.cli.progress import ArmTally, SweepProgress
from service.cli.progress_lines import describe_event
from service.cli.wording import endings, score
from service.schemas.events import EventView

BAR_WIDTH = 24


class ProgressBars:
    """Live bars; what is no trial's ending is written above them."""

    def __init__(self, progress: SweepProgress, console: Console) -> None:
        self._progress = progress
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=BAR_WIDTH),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}", markup=False),
            TimeElapsedColumn(),
            console=console,
        )
        self._task_of = {
            arm.name: self._bars.add_task(arm.name, total=arm.total, facts="") for arm in progress.arms.values()
        }

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, event: EventView) -> None:
        """Moves the bars; the event has been counted."""
        if event.kind != "trial.ended" and (sentence := describe_event(event, self._progress)):
            self._bars.console.print(sentence)
        for arm in self._progress.arms.values():
            self._bars.update(self._task_of[arm.name], completed=arm.ended, facts=_facts(arm))


def _facts(arm: ArmTally) -> str:
    parts = [f"{len(arm.running)} running"] if arm.running else []
    parts += [endings(arm.outcomes)] if arm.ended else []
    parts += [f"best {score(arm.best_score)}"] if arm.best_score is not None else []
    return ", ".join(parts)
