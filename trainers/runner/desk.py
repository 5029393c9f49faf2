"""Where Tune's thread and the courier's thread meet: trials come in over it, news go out. Does no network itself."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from search_spaces.runner_protocol import (
    AskAnswer,
    Finished,
    LostTrial,
    ReportAnswer,
    ReportRequest,
    StepResult,
    TrialAssignment,
    TrialEnding,
    Wait,
)
from trainers.runner.spool import News, Spool

GATHER_SECONDS = 0.3
"""Results wait this long for each other, for every report costs the service a transaction. Endings do not wait."""

NEVER = float("inf")
AT_ONCE = float("-inf")


class Offer(NamedTuple):
    """A trial that the ledger gave, under the runner's own name for the attempt."""

    tune_trial_id: str
    assignment: TrialAssignment


class Desk:
    """An attempt is open from its offer until its ending or loss is recorded or the ledger says stop.

    What is recorded of an attempt that is not open is dropped, for the ledger has decided, but for the one result
    at which a stopped attempt ends. `now` tells seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._spool = Spool()
        self._open: set[str] = set()
        self._stopping: set[str] = set()
        self._offers = 0
        self._answer: Offer | Finished | None = None
        self._is_trial_wanted = False
        self._wait_until = AT_ONCE
        self._gathered_at = NEVER
        self._is_closed = False
        self.is_draining = False
        """Whether the ledger wants every trial back."""

    # --- Tune's side

    def take_trial(self, patience_seconds: float) -> Offer | Finished | None:
        """The ledger's next answer; None when there is no trial within `patience_seconds`."""
        with self._changed:
            self._is_trial_wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._answer is not None or self._is_leaving, patience_seconds)
            if self._is_leaving:
                return Finished()
            answer = self._answer
            if isinstance(answer, Offer):
                self._answer, self._is_trial_wanted = None, False
            return answer

    @property
    def is_told_to_wait(self) -> bool:
        """Whether the ledger has no trial for the moment."""
        return self._now() < self._wait_until

    def record(self, news: News) -> None:
        """Something to report."""
        with self._changed:
            self._record(news)

    def is_open(self, tune_trial_id: str) -> bool:
        """Whether the ledger waits for news of the attempt."""
        return tune_trial_id in self._open

    @property
    def running(self) -> int:
        """How many of the trials that were taken are open."""
        return len(self._open) - isinstance(self._answer, Offer)

    def close(self, reason: str) -> None:
        """Takes no more trials; what is still open is lost for this reason, a sentence."""
        with self._changed:
            for tune_trial_id in sorted(self._open):
                self._record(LostTrial(tune_trial_id=tune_trial_id, reason=reason))
            self._is_closed = True
            self._changed.notify_all()

    # --- the courier's side

    @property
    def is_done(self) -> bool:
        """Whether the desk is closed and everything is delivered."""
        return self._is_closed and self._spool.is_empty

    @property
    def report_wanted_at(self) -> float:
        """When there is something to report."""
        if self._spool.is_urgent or (self._is_closed and not self._spool.is_empty):
            return AT_ONCE
        return self._gathered_at if self._spool.has_news else NEVER

    @property
    def ask_wanted_at(self) -> float:
        """When to ask for a trial."""
        is_wanted = self._is_trial_wanted and self._answer is None and not self._is_leaving
        return self._wait_until if is_wanted else NEVER

    @property
    def next_tune_trial_id(self) -> str:
        """The name to ask with. It stays the same until a trial is given for it."""
        return f"attempt-{self._offers + 1:06d}"

    def wait(self, until: Callable[[], float]) -> None:
        """Sleeps until the time that `until` tells, which is asked again whenever something changes here."""
        with self._changed:
            while (seconds := until() - self._now()) > 0 and not self.is_done:
                self._changed.wait(seconds)

    def next_report(self) -> ReportRequest:
        """The same one until it is delivered; without news a heartbeat."""
        with self._changed:
            return self._spool.batch()

    def delivered(self, report: ReportRequest, answer: ReportAnswer) -> None:
        """The ledger has counted the report and given this answer."""
        with self._changed:
            self._spool.acknowledge(report.sequence)
            if report.outcomes or report.lost or answer.stop:
                # There may be a trial now where there was none.
                self._wait_until = AT_ONCE
            # Each trains on until its next result, which is still told: its time was spent.
            self._stopping |= self._open.intersection(answer.stop)
            self._open.difference_update(answer.stop)
            self.is_draining |= answer.drain
            self._changed.notify_all()

    def answered(self, answer: AskAnswer) -> None:
        """What the ledger says to the ask for next_tune_trial_id."""
        with self._changed:
            if isinstance(answer, Wait):
                self._wait_until = self._now() + answer.seconds
                return
            if isinstance(answer, TrialAssignment):
                self._answer = Offer(self.next_tune_trial_id, answer)
                self._open.add(self._answer.tune_trial_id)
                self._offers += 1
            else:
                self._answer = answer
            self._changed.notify_all()

    @property
    def _is_leaving(self) -> bool:
        return self._is_closed or self.is_draining

    def _record(self, news: News) -> None:
        is_last_word = news.tune_trial_id in self._stopping and isinstance(news, StepResult)
        if news.tune_trial_id not in self._open and not is_last_word:
            return
        self._stopping.discard(news.tune_trial_id)
        if not self._spool.has_news:
            self._gathered_at = self._now() + GATHER_SECONDS
        self._spool.add(news)
        if isinstance(news, LostTrial | TrialEnding):
            self._open.discard(news.tune_trial_id)
        self._changed.notify_all()
