"""`python -m benchmarks.loss [--json FILE] [--rounds ROUNDS]`: time, memory and rate of the SupCon loss against others.

On a GPU if there is one, in TF32, else on the CPU. Within a round all take turns, the matrix product among them, and
what is compared was measured in one round: a machine that slows down does not favour anybody.
"""

import argparse
import json
import platform
import sys
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch

from benchmarks.loss.measure import WIDTH, draw_batch, extra_bytes_of, product_rate, seconds_of, step
from benchmarks.loss.methods import methods_of


@dataclass(frozen=True)
class Claims:
    """What is claimed on one kind of device."""

    sizes: tuple[int, ...]
    judged_size: int
    largest_megabytes: int
    """At the largest size."""
    largest_time_ratio: float
    """Of pytorch-metric-learning's time, at the judged size."""
    smallest_rate: float
    """Of the matrix product's, at the judged size."""


CLAIMS = {
    "cpu": Claims((512, 1024, 2048, 4096, 8192), 4096, 64, 0.35, 0.5),
    # Below some thousand rows a step on a GPU is the launch of its kernels, whosever they are.
    "cuda": Claims((2048, 4096, 8192, 16384, 32768), 16384, 128, 0.5, 0.0),
}
LARGEST_GROWTH = 2.2


@dataclass(frozen=True)
class Row:
    """One method at one size; medians over the rounds."""

    method: str
    rows: int
    milliseconds: float
    extra_megabytes: float
    rate: float
    """6·N²·D operations over the time, as a share of the matrix product's rate."""
    of_metric_learning: float
    """Time as a share of pytorch-metric-learning's."""


def main(arguments: list[str]) -> int:
    """The exit code: 1 when a claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loss")
    parser.add_argument("--json", type=Path, help="where the numbers are written too")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        torch.set_float32_matmul_precision("high")
    rows = [row for size in CLAIMS[device].sizes for row in measure(size, device, options.rounds)]
    claims = judge(rows, CLAIMS[device])
    print_table(rows, machine := name_of(device))
    for claim, holds in claims.items():
        print(f"{'PASS' if holds else 'FAIL'}  {claim}")
    if options.json:
        result = {"machine": machine, "rows": [asdict(row) for row in rows], "claims": claims}
        options.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return int(not all(claims.values()))


def measure(size: int, device: str, rounds: int) -> list[Row]:
    """Every method on the same batch."""
    batch = draw_batch(size, device)
    methods = methods_of(device)
    # The first run of each, which also compiles and warms up, is the one whose memory is counted.
    extra_bytes = {name: extra_bytes_of(partial(step, method, batch), device) for name, method in methods.items()}
    timings = [
        {name: seconds_of(partial(step, method, batch), device) for name, method in methods.items()}
        | {"product": product_rate(device)}
        for _ in range(rounds)
    ]
    operations = 6 * size**2 * WIDTH
    return [
        Row(
            method=name,
            rows=size,
            milliseconds=median(timing[name] for timing in timings) * 1e3,
            extra_megabytes=extra_bytes[name] / 1e6,
            rate=median(operations / timing[name] / timing["product"] for timing in timings),
            of_metric_learning=median(timing[name] / timing["pytorch-metric-learning"] for timing in timings),
        )
        for name in methods
    ]


def judge(rows: list[Row], claims: Claims) -> dict[str, bool]:
    """What is claimed of ours, with the number in it, and whether it holds."""
    ours = {row.rows: row for row in rows if row.method == "ours"}
    growth = max(ours[double].extra_megabytes / ours[size].extra_megabytes for size, double in pairwise(claims.sizes))
    largest, judged = ours[claims.sizes[-1]], ours[claims.judged_size]
    most, time, rate = largest.extra_megabytes, judged.of_metric_learning, judged.rate
    at = f"at N = {judged.rows}"
    return {
        f"extra memory grows {growth:.2f} times when N doubles (at most {LARGEST_GROWTH})": growth <= LARGEST_GROWTH,
        f"extra memory at N = {largest.rows} is {most:.1f} MB (at most {claims.largest_megabytes})": most
        <= claims.largest_megabytes,
        f"time {at} is {time:.3f} of pytorch-metric-learning's (at most {claims.largest_time_ratio})": time
        <= claims.largest_time_ratio,
        f"rate {at} is {rate:.2f} of the matrix product's (at least {claims.smallest_rate})": rate
        >= claims.smallest_rate,
    }


def print_table(rows: list[Row], machine: str) -> None:
    """One line per method and size."""
    print(f"forward + backward, D = {WIDTH}, two views; {machine}")
    print(f"{'N':>6}  {'method':<24}{'ms':>10}{'extra MB':>11}{'rate':>8}{'of PML':>9}")
    for row in rows:
        print(
            f"{row.rows:>6}  {row.method:<24}{row.milliseconds:>10.1f}{row.extra_megabytes:>11.1f}"
            f"{row.rate:>8.2f}{row.of_metric_learning:>9.3f}"
        )


def name_of(device: str) -> str:
    """The machine as the reader of a table should know it."""
    if device == "cuda":
        return f"{torch.cuda.get_device_name()}, TF32, torch {torch.__version__}"
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads, torch {torch.__version__}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
