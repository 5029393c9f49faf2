"""A runner as a cluster starts it, with the real desk, courier and client, but with no Ray and no training.

What its trials do is told by a script, one per job of a sweep; after the last one everything goes well.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from fakes.ray_job import Job

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import Finished, LostTrial, RunnerBrief, StepResult, TrialAssignment, TrialEnding
from service.tracking.projector import POLL_SECONDS
from trainers.runner.courier import Courier
from trainers.runner.departure import Cause, Departure
from trainers.runner.desk import NEVER, Desk, Offer
from trainers.runner.ledger_client import LedgerClient

PATIENCE_SECONDS = 60.0
TAKE_SECONDS = 0.5
EPOCH_DEVICE_SECONDS = 1.0
SHOWN_SECONDS = 2 * POLL_SECONDS
"""What MLflow is told of in one batch, and what happens this much later in another."""


class RunnerDied(Exception):
    """A job that did not come to a good end."""


@dataclass
class ScriptedRunner:
    """One job."""

    brief: RunnerBrief
    token: str
    is_stopped: threading.Event
    """Set when its cluster stops it."""
    heartbeat_seconds: float
    patience_seconds: float = PATIENCE_SECONDS
    transport: httpx.BaseTransport | None = None
    """Its network; none is the real one."""
    desk: Desk = field(default_factory=Desk)
    departure: Departure = field(default_factory=Departure)

    @classmethod
    def of_job(cls, job: Job, heartbeat_seconds: float) -> "ScriptedRunner":
        """The runner that a submission asks for."""
        brief = RunnerBrief.model_validate_json(job.environment["SUPSWEEP_RUNNER"])
        return cls(brief, job.environment["SUPSWEEP_RUNNER_TOKEN"], job.stop_wanted, heartbeat_seconds)

    def start(self) -> None:
        """Begins to speak with the service."""
        client = LedgerClient(self.brief, self.token, self.transport)
        self._courier = Courier(
            self.desk,
            client,
            self.departure,
            heartbeat_seconds=self.heartbeat_seconds,
            patience_seconds=self.patience_seconds,
        )
        self._courier.start()

    def take(self) -> Offer | None:
        """The next trial; None when there is nothing more, or the runner must leave."""
        while self.departure.cause is None and not self.is_stopped.is_set():
            answer = self.desk.take_trial(TAKE_SECONDS)
            if isinstance(answer, Finished):
                return None
            if answer is not None:
                return answer
        return None

    def work(self, train: "Train") -> None:
        """Takes trials until there are no more. Raises RunnerDied when it has to leave before."""
        while (offer := self.take()) is not None:
            train(self, offer)
            if self.desk.is_draining:
                break
        self.say_goodbye()

    def say_goodbye(self) -> None:
        """Delivers what is left to say. Raises RunnerDied when it has to leave before."""
        self.desk.close("its runner has ended")
        if self.is_stopped.is_set():
            self.departure.decide(Cause.TERMINATED)
        self._courier.join()
        if self.departure.cause is not None:
            raise RunnerDied(self.departure.cause.name)

    def vanish(self) -> None:
        """Nothing is said any more, as after kill -9. Raises RunnerDied."""
        self.departure.decide(Cause.BROKEN)
        self._courier.join()
        raise RunnerDied("killed")

    def wait_until_delivered(self) -> None:
        """Returns when the ledger has counted everything, or when nobody wants the runner any more."""
        while self.desk.report_wanted_at != NEVER and not self.must_stop:
            time.sleep(0.01)

    @property
    def must_stop(self) -> bool:
        """Whether nobody wants the runner any more."""
        return self.departure.cause is not None or self.is_stopped.is_set()

    def step(self, offer: Offer, epoch: int, score: float = 0.5) -> None:
        """One epoch has been trained."""
        spent = EPOCH_DEVICE_SECONDS * epoch
        self.desk.record(
            StepResult(
                tune_trial_id=offer.tune_trial_id,
                step=epoch,
                metrics={"train_loss": 1.0 / epoch, "val_top1": score},
                image_passes=100 * epoch,
                device_seconds=spent,
                attempt_device_seconds=spent,
                checkpoint=f"{offer.assignment.number:06d}/{epoch}.pt",
            )
        )

    def complete(self, offer: Offer, score: float = 0.5) -> None:
        """The trial has ended well."""
        self.desk.record(
            TrialEnding(
                tune_trial_id=offer.tune_trial_id,
                outcome=Outcome.COMPLETED,
                scores={"val_top1": score},
                attempt_device_seconds=EPOCH_DEVICE_SECONDS * offer.assignment.config.epochs,
            )
        )

    def fail(self, offer: Offer) -> None:
        """The trial has ended in a bug."""
        self.desk.record(
            TrialEnding(
                tune_trial_id=offer.tune_trial_id,
                outcome=Outcome.FAILED,
                reason="ZeroDivisionError: a bug",
                attempt_device_seconds=EPOCH_DEVICE_SECONDS,
            )
        )

    def lose(self, offer: Offer, reason: str = "its process was killed") -> None:
        """The trial's process has died."""
        self.desk.record(LostTrial(tune_trial_id=offer.tune_trial_id, reason=reason))


Train = Callable[[ScriptedRunner, Offer], None]
Script = Callable[[ScriptedRunner], None]
"""What one job does from its start to its end. Raises RunnerDied where that is no good end."""


def score_of(assignment: TrialAssignment) -> float:
    """The same for every attempt of a trial; later trials of a search do worse."""
    return 0.9 - 0.05 * assignment.number


def train_well(runner: ScriptedRunner, offer: Offer) -> None:
    """Trains every epoch and completes, unless the ledger wants the trial no more."""
    score = score_of(offer.assignment)
    for epoch in range(1, offer.assignment.config.epochs + 1):
        if runner.must_stop or not runner.desk.is_open(offer.tune_trial_id):
            return
        if runner.desk.is_draining:
            runner.lose(offer, "the runner was drained")
            return
        runner.step(offer, epoch, score)
    runner.complete(offer, score)


def train_and_listen(runner: ScriptedRunner, offer: Offer, first_epoch: int = 1) -> None:
    """Trains, and hears after each epoch what the ledger says to it."""
    score = score_of(offer.assignment)
    for epoch in range(first_epoch, offer.assignment.config.epochs + 1):
        if runner.must_stop or not runner.desk.is_open(offer.tune_trial_id):
            return
        runner.step(offer, epoch, score)
        runner.wait_until_delivered()
    runner.complete(offer, score)


def do_well(runner: ScriptedRunner) -> None:
    """Everything that is there to do."""
    runner.start()
    runner.work(train_well)


def search_well(runner: ScriptedRunner) -> None:
    """Everything that is there to do, epoch by epoch; between two of them MLflow has time to be told of the first."""
    runner.start()
    offer = runner.take()
    if offer is not None:
        runner.step(offer, 1, score_of(offer.assignment))
        time.sleep(SHOWN_SECONDS)
        train_and_listen(runner, offer, first_epoch=2)
    runner.work(train_and_listen)


def die_in_first_trial(runner: ScriptedRunner) -> None:
    """Reports one epoch of a trial and is gone, like a killed driver."""
    runner.start()
    offer = runner.take()
    if offer is not None:
        runner.step(offer, 1)
        runner.wait_until_delivered()
    runner.vanish()


def lose_first_trial(runner: ScriptedRunner) -> None:
    """The process of its first trial dies; everything else goes well."""
    runner.start()
    offer = runner.take()
    if offer is not None:
        runner.step(offer, 1)
        runner.lose(offer)
    runner.work(train_well)


def fail_first_trial(runner: ScriptedRunner) -> None:
    """A bug ends its first trial; everything else goes well."""
    runner.start()
    offer = runner.take()
    if offer is not None:
        runner.fail(offer)
    runner.work(train_well)


def train_until_drained(runner: ScriptedRunner) -> None:
    """Holds its first trial until the ledger wants it back."""
    runner.start()
    offer = runner.take()
    if offer is not None:
        runner.step(offer, 1)
        while not (runner.desk.is_draining or runner.must_stop):
            time.sleep(0.02)
        runner.lose(offer, "the runner was drained")
    runner.say_goodbye()


def train_for_ever(runner: ScriptedRunner) -> None:
    """Holds its first trial until it is told to stop, and ends only when its cluster stops it."""
    runner.start()
    offer = runner.take()
    if offer is not None:
        runner.step(offer, 1)
    runner.is_stopped.wait()
    runner.say_goodbye()


def stay(runner: ScriptedRunner) -> None:
    """Trains every trial of a paired sweep, and is heard but asks no more, until its cluster stops it."""
    runner.start()
    for _ in range(4):
        offer = runner.take()
        if offer is not None:
            train_well(runner, offer)
            runner.wait_until_delivered()
    runner.is_stopped.wait()
    runner.say_goodbye()


def never_speak(runner: ScriptedRunner) -> None:
    """Is there, and never says a word, until its cluster stops it."""
    runner.is_stopped.wait()
