"""Loops are seen from outside, finish their turn when they are told to stop, and are cancelled when that takes long."""

import asyncio
from types import SimpleNamespace

import pytest

from service import loops as module
from service.loops import Loop, Loops


async def test_stop_lets_a_turn_finish_and_begins_no_other() -> None:
    turns: list[str] = []

    async def run(loop: Loop) -> None:
        while loop.turns():
            turns.append("begun")
            await asyncio.sleep(0.05)
            turns.append("done")

    loops = Loops()
    loops.start("steady", run)
    await asyncio.sleep(0)
    await loops.stop(within_seconds=5)
    assert turns == ["begun", "done"]
    assert [loop.name for loop in loops.ended()] == ["steady"]


async def test_long_turn_that_gets_on_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    loop = Loop("long", asyncio.Event())
    loop.turns()
    now[0] = 400.0
    assert loop.silent_seconds == 400.0
    await asyncio.to_thread(loop.goes_on)
    assert loop.silent_seconds == 0.0


async def test_pause_ends_at_once_when_the_process_stops() -> None:
    async def run(loop: Loop) -> None:
        while loop.turns():
            await loop.pause(3600)

    loops = Loops()
    loops.start("patient", run)
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await loops.stop(within_seconds=60)


async def test_turn_that_takes_too_long_is_cancelled() -> None:
    was_cancelled = []

    async def run(_loop: Loop) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            was_cancelled.append(True)
            raise

    loops = Loops()
    loops.start("stubborn", run)
    await asyncio.sleep(0)
    await loops.stop(within_seconds=0.01)
    assert was_cancelled == [True]


async def test_loop_that_a_bug_has_ended_is_seen_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def run(_loop: Loop) -> None:
        raise ZeroDivisionError

    loops = Loops()
    loops.start("broken", run)
    await asyncio.sleep(0.01)
    assert [loop.name for loop in loops.ended()] == ["broken"]
    assert "loop ended by a bug" in caplog.text
    await loops.stop(within_seconds=1)


def test_trouble_is_told_again_or_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Loop("troubled", asyncio.Event())
    assert loop.trouble is None
    loop.waits_for("MLflow is away")
    assert loop.trouble == "MLflow is away"
    monkeypatch.setattr(module, "TROUBLE_SECONDS", 0.0)
    assert loop.trouble is None


def test_a_turn_ends_silence() -> None:
    loop = Loop("turning", asyncio.Event())
    loop._turned_at -= 100
    assert loop.silent_seconds >= 100
    assert loop.turns()
    assert loop.silent_seconds < 100
