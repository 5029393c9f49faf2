"""Tune's searcher, and thin: a suggestion is a trial that the ledger gave. Nothing is searched here."""

import logging
from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import Finished, RunnerBrief, TrialEnding
from trainers.runner.attempt import attempt_of, to_config
from trainers.runner.desk import Desk
from trainers.runner.resources import shortage, trials_that_fit

log = logging.getLogger(__name__)

BUSY_PATIENCE_SECONDS = 0.02
"""Long enough for a service nearby to answer, short enough for the trials whose results wait meanwhile."""

IDLE_PATIENCE_SECONDS = 1.0
"""With no trial to attend to, Tune would sleep as long before it looks again."""


class LedgerSearcher(Searcher):  # type: ignore[misc]
    """Takes as many trials as fit the cluster at once, so that none is held back from another cluster.

    Where not even one fits, each one ends as infeasible: Ray would let it wait in silence. `nodes` tells the total
    resources of each node of the cluster.
    """

    def __init__(self, desk: Desk, brief: RunnerBrief, nodes: Callable[[], list[dict[str, float]]]) -> None:
        super().__init__()
        self._desk = desk
        self._brief = brief
        self._nodes = nodes

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """A config, None while there is nothing to run, or FINISHED. See ray.tune.search.Searcher."""
        running = self._desk.running
        if running and running >= trials_that_fit(self._brief.resources, self._nodes()):
            return None
        answer = self._desk.take_trial(self._patience_seconds(running))
        if answer is None:
            return None
        if isinstance(answer, Finished):
            return str(Searcher.FINISHED)
        name, trial = answer
        log.info("trial taken: attempt=%s trial=%s arm=%s", name, trial.number, trial.arm)
        nodes = self._nodes()
        if trials_that_fit(self._brief.resources, nodes) == 0:
            self._refuse(name, shortage(self._brief.resources, nodes))
            return None
        return to_config(attempt_of(self._brief, name, trial))

    def _refuse(self, name: str, reason: str) -> None:
        log.warning("trial does not fit the cluster: attempt=%s reason=%s", name, reason)
        ending = TrialEnding(tune_trial_id=name, outcome=Outcome.INFEASIBLE, reason=reason, attempt_device_seconds=0.0)
        self._desk.record(ending)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing to learn: the ledger hears of results from the callback."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing to keep: the ledger remembers."""

    def restore(self, checkpoint_path: str) -> None:
        """Never called: a runner that died is replaced, not restored."""
        raise NotImplementedError

    def _patience_seconds(self, running: int) -> float:
        if not running:
            return IDLE_PATIENCE_SECONDS
        return 0.0 if self._desk.is_told_to_wait else BUSY_PATIENCE_SECONDS
