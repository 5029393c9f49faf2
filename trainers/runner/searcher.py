"""Tune's searcher, and thin: a suggestion is a trial that the ledger gave. Nothing is searched here."""

import logging
from typing import Any

from ray.tune.search import Searcher

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import Finished, RunnerBrief, TrialEnding
from trainers.runner.attempt import attempt_of, to_config
from trainers.runner.desk import Desk
from trainers.runner.room import Room

log = logging.getLogger(__name__)

BUSY_PATIENCE_SECONDS = 0.02
"""Long enough for a service nearby to answer, short enough for the trials whose results wait meanwhile."""

IDLE_PATIENCE_SECONDS = 1.0
"""With no trial to attend to, Tune would sleep as long before it looks again."""


class LedgerSearcher(Searcher):  # type: ignore[misc]
    """Takes as many trials as fit the cluster at once, so that none is held back from another cluster.

    While the ledger has had a trial each time, it wants room for one more than run. For all that the sweep may run at
    once would be too much: an autoscaler starts no node at all for a wish that it cannot grant whole.
    Once it is sure that none will ever fit, every trial that it gets is infeasible.
    """

    def __init__(self, desk: Desk, brief: RunnerBrief, room: Room) -> None:
        super().__init__()
        self._desk = desk
        self._brief = brief
        self._room = room
        self._has_more = False

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """A config, None while there is nothing to run, or FINISHED. See ray.tune.search.Searcher."""
        running, fitting = self._desk.running, self._room.fitting()
        if running >= fitting and not (self._room.is_given_up or self._desk.is_draining):
            if self._has_more and fitting:
                self._room.want(min(running + 1, self._brief.resources.max_concurrent))
            return None
        answer = self._desk.take_trial(self._patience_seconds(running))
        if answer is None:
            if self._desk.is_told_to_wait:
                self._want_no_more()
            return None
        if isinstance(answer, Finished):
            self._want_no_more()
            return str(Searcher.FINISHED)
        self._has_more = True
        name, trial = answer
        if self._room.is_given_up:
            self._refuse(name)
            return None
        log.info("trial taken: attempt=%s trial=%s arm=%s", name, trial.number, trial.arm)
        return to_config(attempt_of(self._brief, name, trial))

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing to learn: the ledger hears of results from the callback."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing to keep: the ledger remembers."""

    def restore(self, checkpoint_path: str) -> None:
        """Never called: a runner that died is replaced, not restored."""
        raise NotImplementedError

    def _want_no_more(self) -> None:
        self._has_more = False
        self._room.want(0)

    def _refuse(self, tune_trial_id: str) -> None:
        reason = self._room.lack()
        log.warning("trial refused: attempt=%s reason=%s", tune_trial_id, reason)
        ending = TrialEnding(
            tune_trial_id=tune_trial_id, outcome=Outcome.INFEASIBLE, reason=reason, attempt_device_seconds=0.0
        )
        self._desk.record(ending)

    def _patience_seconds(self, running: int) -> float:
        if not running:
            return IDLE_PATIENCE_SECONDS
        return 0.0 if self._desk.is_told_to_wait else BUSY_PATIENCE_SECONDS
