"""One seed of a configuration becomes several streams of random numbers."""

import hashlib

import torch


def seed_of(seed: int, stream: str) -> int:
    """63 bits, unrelated for different seeds or streams: arms of a pair share the order, not only its seed."""
    return int.from_bytes(hashlib.sha256(f"{stream} {seed}".encode()).digest()[:8]) >> 1


def generator_of(seed: int, stream: str) -> torch.Generator:
    """A generator on the CPU that starts with the stream's seed."""
    return torch.Generator().manual_seed(seed_of(seed, stream))
