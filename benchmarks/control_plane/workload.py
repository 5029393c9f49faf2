"""The sweeps of the benchmark, and runners that ask and report without training anything."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.control_plane.connection import Connection
from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.ledger.runners import OpenedRunner

CLIENTS = 64


def paired_spec(name: str, trials: int) -> SweepSpec:
    """A paired sweep of so many trials, half of them of either arm; all clients may run one at once."""
    configurations = trials // 2
    return vary(
        digits_smoke(), name=name, design={"configurations": configurations}, resources={"max_concurrent": 2 * CLIENTS}
    )


@dataclass
class Timings:
    """Seconds that each call took."""

    asks: list[float] = field(default_factory=list)
    reports: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """Numbers of the trials that were given an outcome."""
    total: float = 0.0


class Runner:
    """Asks for trials and reports each as completed."""

    def __init__(self, opened: OpenedRunner) -> None:
        self._path = f"/v1/runners/{opened.runner_id}"
        self.token = opened.token
        self._sequence = itertools.count(1)
        self._names = (f"t{number}" for number in itertools.count())

    async def run_trial(self, connection: Connection, timings: Timings) -> bool:
        """Runs one trial. False when there is none to be had now."""
        name = next(self._names)
        began_at = time.perf_counter()
        answer = await connection.call("POST", f"{self._path}/ask", {"tune_trial_id": name})
        timings.asks.append(time.perf_counter() - began_at)
        if answer["kind"] != "trial":
            return False
        began_at = time.perf_counter()
        await connection.call("POST", f"{self._path}/report", self._report(name))
        timings.reports.append(time.perf_counter() - began_at)
        timings.numbers.append(answer["number"])
        return True

    def _report(self, name: str) -> dict[str, object]:
        """One epoch and the end, as a short trial reports them."""
        scores = {"val_top1": 0.9, "val_nll": 0.3, "test_top1": 0.9}
        result = {
            "tune_trial_id": name,
            "step": 1,
            "metrics": {"train_loss": 1.0, "val_top1": 0.9},
            "image_passes": 1437,
            "device_seconds": 1.0,
            "attempt_device_seconds": 1.0,
        }
        ending = {"tune_trial_id": name, "outcome": "completed", "scores": scores, "attempt_device_seconds": 1.0}
        return {"sequence": next(self._sequence), "results": [result], "outcomes": [ending]}


async def run_trials(port: int, opened: Sequence[OpenedRunner], trials: int) -> Timings:
    """All runners at once, each on a connection of its own, until so many trials have their outcome."""
    timings = Timings()
    left = iter(range(trials))

    async def work(runner: Runner) -> None:
        async with Connection(port, runner.token) as connection:
            for _ in left:
                assert await runner.run_trial(connection, timings), "a trial was expected"

    began_at = time.perf_counter()
    await asyncio.gather(*[work(Runner(one)) for one in opened])
    timings.total = time.perf_counter() - began_at
    return timings
