"""Seconds and extra memory of one forward and backward pass, and the rate of a large matrix product beside them."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize
from torch.profiler import ProfilerActivity, profile

from benchmarks.loss.methods import Method

WIDTH = 128
VIEWS = 2
CLASSES = 100
PRODUCT_SIZE = {"cpu": 2048, "cuda": 8192}


def draw_batch(rows: int, device: str) -> tuple[Tensor, Tensor]:
    """Embeddings on the unit sphere, and labels such that every anchor has positives."""
    generator = torch.Generator().manual_seed(0)
    embeddings_BVD = normalize(torch.randn(rows // VIEWS, VIEWS, WIDTH, generator=generator), dim=2)
    labels_B = torch.randint(CLASSES, (rows // VIEWS,), generator=generator)
    return embeddings_BVD.to(device).requires_grad_(), labels_B.to(device)


def step(method: Method, batch: tuple[Tensor, Tensor]) -> None:
    """One forward and backward pass. The gradient is not kept."""
    torch.autograd.grad(method(*batch), batch[0])


def seconds_of(work: Callable[[], object], device: str) -> float:
    """By the clock, until the device is done."""
    _wait_for(device)
    began_at = time.perf_counter()
    work()
    _wait_for(device)
    return time.perf_counter() - began_at


def product_rate(device: str) -> float:
    """Operations per second of a float32 product of large square matrices; TF32 if torch was told so."""
    size = PRODUCT_SIZE[device]
    matrix = torch.ones(size, size, device=device)
    return 2 * size**3 / seconds_of(lambda: matrix @ matrix, device)


def extra_bytes_of(work: Callable[[], object], device: str) -> int:
    """The most that torch held at once during the work, above what it held before."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    # Of a CPU the profiler counts from its own start.
    return max(event["args"]["Total Allocated"] for event in events if event["name"] == "[memory]")


def _wait_for(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
