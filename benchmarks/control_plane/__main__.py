"""`python -m benchmarks.control_plane [--postgres] [--trials N] [--json FILE]`: what one process of the service bears.

A real process on the loopback interface, with clients in this one; both share the machine. The exit code is 1 when a
claim does not hold. Growth is measured with the two sizes in turn, so that a machine that slows down favours neither.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles

from benchmarks.control_plane.connection import Connection
from benchmarks.control_plane.service_process import Service, running_service
from benchmarks.control_plane.workload import CLIENTS, Runner, Timings, paired_spec, run_trials
from service.ledger.runners import OpenedRunner

SMALL = 100
ROUNDS = 60
"""Of each measured call, per size."""
STREAMS = 200
STREAMED_TRIALS = 200

ASK_CLAIM, READ_CLAIM = 2.0, 3.0


def main() -> int:
    """The exit code: 1 when a claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.control_plane")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--trials", type=int, default=10_000, help="trials of the big sweep")
    parser.add_argument("--json", type=Path, help="where to keep the numbers")
    options = parser.parse_args()
    with running_service(on_postgres=options.postgres) as service:
        numbers = measure(service, options.trials)
    holds = show(numbers, options.trials, "PostgreSQL" if options.postgres else "SQLite")
    if options.json is not None:
        options.json.write_text(json.dumps(numbers, indent=1))
    return 0 if holds else 1


def measure(service: Service, trials: int) -> dict[str, float]:
    """Every number, by name."""
    numbers = {"memory_start_mb": service.memory_bytes / 1e6}
    began_at = time.perf_counter()
    big = service.create(paired_spec("big", trials))
    numbers["create_s"] = time.perf_counter() - began_at
    small = service.create(paired_spec("small", SMALL + ROUNDS))
    # The last ones are left for the growth: no sweep may have more than 10 000.
    timings = asyncio.run(run_trials(service.port, service.open_runners(big, CLIENTS), trials - ROUNDS))
    asyncio.run(run_trials(service.port, service.open_runners(small, CLIENTS), SMALL))
    numbers |= _throughput(timings)
    numbers |= asyncio.run(_growth(service, {"small": small, "big": big}))
    numbers |= _streams(service)
    numbers["memory_mb"] = service.memory_bytes / 1e6
    return numbers


def _throughput(timings: Timings) -> dict[str, float]:
    trials = len(timings.numbers)
    assert len(set(timings.numbers)) == trials, "a trial was handed out twice"
    numbers = {"trials_per_s": trials / timings.total, "calls_per_s": 2 * trials / timings.total}
    for name, seconds in (("ask", timings.asks), ("report", timings.reports)):
        numbers[f"{name}_p50_ms"] = 1000 * median(seconds)
        numbers[f"{name}_p99_ms"] = 1000 * quantiles(seconds, n=100)[-1]
    return numbers


async def _growth(service: Service, sweeps: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds of one call on either sweep, and their ratios; no other client calls meanwhile."""
    (small,), (big,) = [await service.open_runners_now(sweep_id, 1) for sweep_id in sweeps.values()]
    runners = {"small": Runner(small), "big": Runner(big)}
    asks = {size: Timings() for size in sweeps}
    reads: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for size, sweep_id in sweeps.items():
            async with Connection(service.port, runners[size].token) as connection:
                assert await runners[size].run_trial(connection, asks[size])
            async with Connection(service.port, service.api_key) as connection:
                for name, path in (("sweep", ""), ("page", "/trials?limit=100")):
                    began_at = time.perf_counter()
                    await connection.call("GET", f"/v1/sweeps/{sweep_id}{path}")
                    reads[f"{name}_{size}"].append(time.perf_counter() - began_at)
    seconds = {f"ask_{size}": timings.asks for size, timings in asks.items()} | reads
    numbers = {f"{name}_ms": 1000 * median(values) for name, values in seconds.items()}
    names = ("ask", "sweep", "page")
    return numbers | {f"{name}_ratio": numbers[f"{name}_big_ms"] / numbers[f"{name}_small_ms"] for name in names}


def _streams(service: Service) -> dict[str, float]:
    """How many clients got every event of a sweep that ran meanwhile, each once and in order."""
    sweep_id = service.create(paired_spec("streamed", STREAMED_TRIALS))
    opened = service.open_runners(sweep_id, CLIENTS)
    return asyncio.run(_follow_while_running(service, sweep_id, opened))


async def _follow_while_running(service: Service, sweep_id: str, opened: Sequence[OpenedRunner]) -> dict[str, float]:
    async def follow() -> list[int]:
        async with Connection(service.port, service.api_key) as connection:
            return await connection.follow(f"/v1/sweeps/{sweep_id}/events")

    followers = [asyncio.create_task(follow()) for _ in range(STREAMS)]
    timings = await run_trials(service.port, opened, STREAMED_TRIALS)
    ran_at = time.perf_counter()
    async with Connection(service.port, service.api_key) as connection:
        await connection.call("POST", f"/v1/sweeps/{sweep_id}/cancel")
    await service.finish(sweep_id)
    received = await asyncio.gather(*followers)
    last = max(ids[-1] for ids in received)
    return {
        "streams_complete": sum(ids == list(range(1, last + 1)) for ids in received),
        "stream_events": last,
        "stream_lag_s": time.perf_counter() - ran_at,
        "streamed_trials_per_s": STREAMED_TRIALS / timings.total,
    }


def show(numbers: Mapping[str, float], trials: int, database: str) -> bool:
    """Prints the tables. Whether every claim holds."""
    n = numbers
    print(f"{database}, {trials} trials, {CLIENTS} clients: a sweep is created in {n['create_s']:.1f} s")
    print(f"  {n['trials_per_s']:.0f} trials/s, {n['calls_per_s']:.0f} calls/s, every trial exactly one outcome")
    for call in ("ask", "report"):
        print(f"  {call:<7} p50 {n[f'{call}_p50_ms']:.1f} ms, p99 {n[f'{call}_p99_ms']:.1f} ms")
    print(f"  memory {n['memory_start_mb']:.0f} MB at the start, {n['memory_mb']:.0f} MB at the end")
    claims = [
        *[_growth_claim(numbers, name, trials) for name in ("ask", "sweep", "page")],
        (
            f"{n['streams_complete']:.0f} of {STREAMS} event streams got all {n['stream_events']:.0f} events once, in "
            f"order, the last {n['stream_lag_s']:.1f} s after the last trial",
            n["streams_complete"] == STREAMS,
        ),
    ]
    for sentence, holds in claims:
        print(f"{'PASS' if holds else 'FAIL'}  {sentence}")
    return all(holds for _sentence, holds in claims)


def _growth_claim(numbers: Mapping[str, float], name: str, trials: int) -> tuple[str, bool]:
    claim = ASK_CLAIM if name == "ask" else READ_CLAIM
    small, big, ratio = (numbers[f"{name}_{what}"] for what in ("small_ms", "big_ms", "ratio"))
    sentence = f"{name} at {trials} trials / at {SMALL}: {big:.1f} / {small:.1f} ms = {ratio:.2f} (≤ {claim})"
    return sentence, ratio <= claim


if __name__ == "__main__":
    sys.exit(main())
