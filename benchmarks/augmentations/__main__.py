"""`python -m benchmarks.augmentations [--json FILE]`: images per second of each policy, against two libraries.

Every way gets the same float images on one thread; the ways take turns, and each shows its median round in seconds of
processor time, so that other work on the machine matters little. What does not give every image its own draws is
marked *: torchvision called with a batch, and kornia's policies, which draw their operations once per batch.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.augmentations.rivals import (
    POLICIES_OF_KORNIA,
    Augment,
    kornia_batched,
    torchvision_batched,
    torchvision_per_image,
)
from trainers.augmentations.make import AugmentationName, make_augmentation
from trainers.draws import Draws

NAMES: tuple[AugmentationName, ...] = ("basic", "autoaugment", "randaugment", "simaugment", "stacked_randaugment")
BATCHES = ((512, 1, 8), (512, 3, 32), (16, 3, 224))
"""Images, channels, side."""
MAGNITUDE = 9
IMAGES_ONE_BY_ONE = 16
ROUNDS = 7
CLAIM = 5
"""Times as many images per second as torchvision called once per image."""
LARGEST_CLAIMED_SIDE = 32
WAYS = ("ours", "torchvision per image", "torchvision per batch", "kornia")


def main() -> int:
    """The exit code: 1 when the claim does not hold."""
    arguments = argparse.ArgumentParser(prog="benchmarks.augmentations", description=__doc__)
    arguments.add_argument("--json", type=Path, help="where to write the numbers")
    path: Path | None = arguments.parse_args().json
    torch.set_num_threads(1)
    print("images per second\n| images | policy | " + " | ".join(WAYS) + " |\n|---|---|" + "---:|" * len(WAYS))
    rows = [_row(name, torch.rand(count, channels, side, side)) for count, channels, side in BATCHES for name in NAMES]
    if path:
        path.write_text(json.dumps(rows, indent=2))
    ratio = min(row["ours"] / row["torchvision per image"] for row in rows if row["side"] <= LARGEST_CLAIMED_SIDE)
    verdict = "PASS" if ratio >= CLAIM else "FAIL"
    print(f"{verdict}: up to {LARGEST_CLAIMED_SIDE} pixels ours is {ratio:.1f} times as fast or more (claim: {CLAIM})")
    return int(ratio < CLAIM)


def _row(name: AugmentationName, images_BCHW: Tensor) -> dict[str, Any]:
    count, channels, side, _ = images_BCHW.shape
    few_BCHW = images_BCHW[:IMAGES_ONE_BY_ONE]
    ways: dict[str, tuple[Augment | None, Tensor]] = {
        "ours": (_ours(name, channels, side), images_BCHW),
        "torchvision per image": (torchvision_per_image(name, MAGNITUDE, images_BCHW), few_BCHW),
        "torchvision per batch": (torchvision_batched(name, MAGNITUDE, images_BCHW), images_BCHW),
        "kornia": (kornia_batched(name, MAGNITUDE, images_BCHW), images_BCHW),
    }
    rates = _rates({way: (augment, images) for way, (augment, images) in ways.items() if augment is not None})
    cells = [_cell(name, way, rates.get(way)) for way in WAYS]
    print(f"| {side}×{side}×{channels}, {count} at once | {name} | " + " | ".join(cells) + " |", flush=True)
    return {"side": side, "channels": channels, "batch": count, "policy": name, **rates}


def _ours(name: AugmentationName, channels: int, side: int) -> Callable[[Tensor], Tensor]:
    policy = "imagenet" if channels == 3 else "svhn"
    augment = make_augmentation(name, MAGNITUDE, side, channels, mirrors=channels == 3, policy=policy)
    generator = torch.Generator().manual_seed(0)
    return lambda images: augment(images, Draws(generator))


def _rates(ways: dict[str, tuple[Augment, Tensor]]) -> dict[str, float]:
    """Images per second of processor time of each way: its median round."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(1 + ROUNDS):
        for way, (augment, images_BCHW) in ways.items():
            start = time.process_time()
            augment(images_BCHW)
            seconds[way].append((time.process_time() - start) / len(images_BCHW))
    return {way: 1 / median(rounds[1:]) for way, rounds in seconds.items()}


def _cell(name: AugmentationName, way: str, rate: float | None) -> str:
    if rate is None:
        return "–"
    is_shared = way == "torchvision per batch" or (way == "kornia" and name in POLICIES_OF_KORNIA)
    return f"{rate:,.0f}" + (" *" if is_shared else "")


if __name__ == "__main__":
    sys.exit(main())
