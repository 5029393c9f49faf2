"""Carries everything between the desk and the ledger, one call at a time, in a thread of its own.

So training goes on while the service is away, an ending is delivered before the next trial is asked for, and a
heartbeat goes out although Tune is busy.
"""

import logging
import threading
import time
from collections.abc import Callable

from search_spaces.runner_protocol import AskRequest
from trainers.runner.backoff import Backoff
from trainers.runner.departure import Cause, Departure
from trainers.runner.desk import NEVER, Desk
from trainers.runner.ledger_client import LedgerClient, RunnerRefused, ServiceUnreachable

log = logging.getLogger(__name__)

GOODBYE_SECONDS = 1.0
"""What a call under way gets when the runner must leave; Ray kills a stopped job 3 seconds after SIGTERM."""


class Courier:
    """Reports within `heartbeat_seconds`; decides to leave after `patience_seconds` without any answer."""

    def __init__(
        self,
        desk: Desk,
        ledger: LedgerClient,
        departure: Departure,
        *,
        heartbeat_seconds: float,
        patience_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._ledger = ledger
        self._departure = departure
        self._heartbeat_seconds = heartbeat_seconds
        self._patience_seconds = patience_seconds
        self._now = now
        self._report_backoff, self._ask_backoff = Backoff(), Backoff()
        self._last_contact = self._last_report = now()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Starts the thread. It ends when the desk is closed and empty, or when the runner must leave."""
        self._thread.start()

    def join(self, seconds: float | None = None) -> None:
        """Waits for the thread to end."""
        self._thread.join(seconds)

    def carry_due(self) -> None:
        """Makes the calls that are due, a report before an ask. Raises RunnerRefused."""
        if self._report_due_at() <= self._now():
            self._report()
        if self._ask_due_at() <= self._now():
            self._ask()

    def due_at(self) -> float:
        """When there is something to carry."""
        return min(self._report_due_at(), self._ask_due_at())

    def deliver_last_words(self) -> None:
        """One try for everything on the desk, for a runner that has no time."""
        try:
            while not self._desk.is_done:
                report = self._desk.next_report()
                self._desk.delivered(report, self._ledger.report(report))
        except (ServiceUnreachable, RunnerRefused) as error:
            log.warning("last report not delivered: %s", error)

    def _run(self) -> None:
        try:
            while not (self._departure.cause or self._desk.is_done):
                self._desk.wait(self.due_at)
                self.carry_due()
        except RunnerRefused as refusal:
            log.warning("runner refused: %s", refusal)
            self._departure.decide(Cause.REFUSED)
        except Exception:
            # Nobody would hear of trials any more: the job must end, and the ledger plan them again.
            log.exception("courier crashed")
            self._departure.decide(Cause.BROKEN)

    def _report_due_at(self) -> float:
        wanted_at = min(self._desk.report_wanted_at, self._last_report + self._heartbeat_seconds)
        return max(wanted_at, self._report_backoff.not_before)

    def _ask_due_at(self) -> float:
        if self._report_backoff.is_failing:
            # What was not reported yet may decide what the ledger answers.
            return NEVER
        return max(self._desk.ask_wanted_at, self._ask_backoff.not_before)

    def _report(self) -> None:
        report = self._desk.next_report()
        try:
            answer = self._ledger.report(report)
        except ServiceUnreachable as error:
            self._missed(self._report_backoff, error)
            return
        self._last_report = self._reached(self._report_backoff)
        self._desk.delivered(report, answer)

    def _ask(self) -> None:
        name = self._desk.next_tune_trial_id
        try:
            answer = self._ledger.ask(AskRequest(tune_trial_id=name))
        except ServiceUnreachable as error:
            self._missed(self._ask_backoff, error)
            return
        self._reached(self._ask_backoff)
        log.debug("asked: attempt=%s answer=%s", name, answer.kind)
        self._desk.answered(answer)

    def _reached(self, backoff: Backoff) -> float:
        """The service has answered; the time of it."""
        backoff.succeeded()
        self._last_contact = self._now()
        return self._last_contact

    def _missed(self, backoff: Backoff, error: ServiceUnreachable) -> None:
        now = self._now()
        backoff.failed(now)
        silence_seconds = now - self._last_contact
        log.warning("service does not answer: silence_seconds=%.1f: %s", silence_seconds, error)
        if silence_seconds > self._patience_seconds:
            log.error("patience is over: patience_seconds=%s", self._patience_seconds)
            self._departure.decide(Cause.UNREACHABLE)


def say_goodbye(desk: Desk, courier: Courier, departure: Departure) -> int:
    """Delivers what is on the desk, with all patience or in a hurry. The exit code."""
    desk.close("its runner has ended")
    if departure.cause is None:
        courier.join()
    if departure.cause in (Cause.BROKEN, Cause.UNFIT, Cause.TERMINATED):
        courier.join(GOODBYE_SECONDS)
        courier.deliver_last_words()
    return departure.cause or 0
