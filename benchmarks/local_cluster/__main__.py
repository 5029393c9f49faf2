"""`python -m benchmarks.local_cluster`: from built images to a healthy local cluster, and how large the images are.

Needs a container engine, `.env`, and images that are built. The exit code is 1 when a claim does not hold.
"""

import json
import subprocess
import sys
import time
from importlib.metadata import version

from benchmarks.local_cluster.stack import Stack, running_stack

HEALTHY_CLAIM_SECONDS = 90.0
CONTROL_PLANE_CLAIM_MB = 900.0
IMAGES = ("control-plane", "mlflow", "ray")


def main() -> int:
    """The exit code: 1 when a claim does not hold."""
    began = time.monotonic()
    with running_stack() as stack:
        healthy_seconds = time.monotonic() - began
        print(stack.compose("ps", "--format", "table {{.Service}}\t{{.Status}}"))
        smoke_seconds = _time_smoke(stack)
    sizes = {name: _megabytes(f"supsweep/{name}:{version('supsweep')}") for name in IMAGES}
    print(f"digits_smoke, from submission to report: {smoke_seconds:.0f} s")
    print("images: " + ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items()))
    holds = [
        _show("from built images to healthy", healthy_seconds, HEALTHY_CLAIM_SECONDS, "s"),
        _show("image of the control plane", sizes["control-plane"], CONTROL_PLANE_CLAIM_MB, "MB"),
    ]
    return 0 if all(holds) else 1


def _time_smoke(stack: Stack) -> float:
    began = time.monotonic()
    stack.supsweep("submit", "digits_smoke", "--report")
    return time.monotonic() - began


def _megabytes(image: str) -> float:
    command = ["docker", "image", "inspect", image]
    (found,) = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return float(found["Size"]) / 1e6


def _show(what: str, value: float, claim: float, unit: str) -> bool:
    print(f"{'PASS' if value <= claim else 'FAIL'}  {what}: {value:.0f} {unit} (≤ {claim:g})")
    return value <= claim


if __name__ == "__main__":
    sys.exit(main())
