"""What the API must answer, as simply as it can be said: a sweep and a runner as their callers know them."""

from dataclasses import dataclass, field
from typing import Any

from service.lifecycle import FINISHED_STATES, OPEN_STATES, SweepState

CONDITIONS = ("none", "right", "stale")
"""What If-Match says: nothing, what was seen last, something older."""
MAY_GO_ON = {*OPEN_STATES, SweepState.PAUSED, *FINISHED_STATES}


@dataclass
class SweepModel:
    """A sweep as its owner knows it."""

    id: str
    etag: str
    state: SweepState = SweepState.QUEUED
    has_started: bool = False
    priority: int = 0
    configurations: int = 2
    is_deleted: bool = False
    outcomes: dict[int, str] = field(default_factory=dict)
    """Trial number → how it ended, which stays unless it is tried again."""

    def __hash__(self) -> int:
        return hash(self.id)

    def see(self, shown: dict[str, Any], etag: str) -> None:
        """Takes over what an answer shows."""
        self.state, self.has_started, self.etag = SweepState(shown["state"]), shown["started_at"] is not None, etag

    def condition(self, kind: str) -> dict[str, str]:
        """The header with that condition."""
        return {"none": {}, "right": {"If-Match": self.etag}, "stale": {"If-Match": '"0"'}}[kind]

    def after(self, action: str) -> SweepState | None:
        """The state after the action; none where it is refused."""
        going = SweepState.RUNNING if self.has_started else SweepState.QUEUED
        if action == "pause":
            return SweepState.PAUSED if self.state in {*OPEN_STATES, SweepState.PAUSED} else None
        if action == "resume":
            return {SweepState.PAUSED: going}.get(self.state, self.state if self.state in OPEN_STATES else None)
        if action == "cancel":
            ended_otherwise = FINISHED_STATES - {SweepState.CANCELLED}
            ended = self.state is SweepState.CANCELLED
            return None if self.state in ended_otherwise else self.state if ended else SweepState.CANCELLING
        assert action == "go on"
        if self.state not in MAY_GO_ON:
            return None
        return SweepState.QUEUED if self.state in FINISHED_STATES else self.state


@dataclass
class RunnerModel:
    """A runner as its owner knows it."""

    sweep: SweepModel
    id: str
    token: str
    sequence: int = 0
    names: list[str] = field(default_factory=list)
    """The trials it has asked for, by its own names."""

    def __hash__(self) -> int:
        return hash(self.id)
