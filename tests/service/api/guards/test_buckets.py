"""Who has spent their tokens waits exactly until the next one."""

from dataclasses import dataclass

import pytest

from service.api.guards import buckets
from service.api.guards.buckets import TokenBuckets


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    bucket = TokenBuckets(2.0, burst=3, clock=clock)
    assert [bucket.take(b"a") for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 0.5
    assert [bucket.take(b"a") for _ in range(2)] == [0, 0.5]
    clock.now += 100
    assert [bucket.take(b"a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_each_name_has_its_own_and_looking_costs_nothing() -> None:
    bucket = TokenBuckets(1.0, burst=1, clock=Clock())
    assert [bucket.wait_seconds(b"a") for _ in range(3)] == [0, 0, 0]
    assert [bucket.take(name) for name in (b"a", b"b", b"a")] == [0, 0, 1]


def test_many_names_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "MOST_BUCKETS", 2)
    bucket = TokenBuckets(1.0, burst=1, clock=Clock())
    for name in (b"a", b"b", b"a", b"c"):
        bucket.take(name)
    assert [bucket.wait_seconds(name) for name in (b"a", b"c")] == [1, 1]
    assert bucket.wait_seconds(b"b") == 0, "forgotten, so it is full again"
