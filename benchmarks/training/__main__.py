"""`python -m benchmarks.training [--json FILE]`: the share of a SupCon step that is not its encoder.

Steps are those of the trial's loop, two views of 256 images each; the encoder's forward and backward pass over the
same views is timed in turns with them, so that a machine that slows down changes no share. Runs on the GPU if there
is one, and in bf16 too where the processor computes in it.
"""

import argparse
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.training.timing import Timing, time_training
from benchmarks.training.workload import CASES, Case
from trainers.precision import PrecisionName

PARTS = ("data", "augmentation", "encoder", "loss", "optimizer")


def main() -> int:
    """The exit code: 1 when a claim does not hold."""
    arguments = argparse.ArgumentParser(prog="benchmarks.training", description=__doc__)
    arguments.add_argument("--json", type=Path, help="where to write the numbers")
    path: Path | None = arguments.parse_args().json
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"{_processor(device)}, {torch.get_num_threads()} threads, torch {torch.__version__}; ms per step")
    print(f"{'case':<22}{'':<6}{'step':>9}" + "".join(f"{part:>13}" for part in PARTS) + f"{'not encoder':>13}")
    rows = [_row(case, precision, device) for case in CASES for precision in _precisions(device)]
    if path:
        machine = {"processor": _processor(device), "threads": torch.get_num_threads(), "torch": torch.__version__}
        path.write_text(json.dumps({**machine, "rows": rows}, indent=2))
    return int(any(row["holds"] is False for row in rows))


def _row(case: Case, precision: PrecisionName, device: torch.device) -> dict[str, Any]:
    timing = _timing(case, precision, device)
    claim = case.largest_share.get(device.type)
    holds = None if claim is None else timing.share <= claim
    parts = "".join(f"{1000 * timing.parts[part]:>13.2f}" for part in PARTS)
    print(f"{case.name:<22}{precision:<6}{1000 * timing.step:>9.2f}{parts}{timing.share:>13.1%}")
    if claim is not None:
        verdict = "PASS" if holds else "FAIL"
        print(f"{verdict}: {timing.share:.1%} of a step is not the encoder (claim: at most {claim:.0%})")
    return {"case": case.name, "precision": precision, **asdict(timing), "claim": claim, "holds": holds}


def _timing(case: Case, precision: PrecisionName, device: torch.device) -> Timing:
    if device.type == "cpu" and case.encoder != "tiny_resnet":
        return time_training(case, precision, device, steps=1, rounds=3)
    return time_training(case, precision, device, steps=4, rounds=15)


def _precisions(device: torch.device) -> list[PrecisionName]:
    """fp32, and bf16 where it is computed and not emulated."""
    if device.type == "cuda":
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return ["fp32", "bf16"] if has_bf16 else ["fp32"]


def _processor(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(": ")[2] if names else platform.processor()


if __name__ == "__main__":
    sys.exit(main())
