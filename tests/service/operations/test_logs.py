"""Logs of runners: in order, whole lines, on from one runner to the next, and through a cluster that is away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from fakes.clusters import FakeClusterClient
from fakes.ledger import RunnerDouble, World, small_spec

from service.clusters.protocol import ClusterUnreachable, JobSubmission
from service.db import runners, sweeps
from service.errors import NotFound
from service.lifecycle import SweepState
from service.operations import logs, runner_logs
from service.operations.log_positions import Position
from service.operations.logs import check_runner, follow_logs, read_logs
from service.operations.runner_logs import RunnerLogs

PATIENCE_SECONDS = 10.0


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "POLL_SECONDS", 0.01)


async def running(world: World, sweep_id: str, printed: str = "") -> RunnerDouble:
    """A runner of the sweep whose job has printed something."""
    runner = await world.open_runner(sweep_id)
    await world.cluster.submit(JobSubmission(runner.opened.submission_id, "python", {}, {}))
    say(world, runner, printed)
    return runner


def say(world: World, runner: RunnerDouble, text: str) -> None:
    world.cluster.prints(runner.opened.submission_id, text)


async def settle(world: World, runner: RunnerDouble) -> None:
    """The runner is fenced and its job over."""
    await world.fence(runner)
    async with world.database.write() as session:
        row = await runners.find(session, runner.opened.runner_id, lock=True)
        assert row is not None
        row.job_is_over = True


async def finish(world: World, sweep_id: str) -> None:
    async with world.database.write() as session:
        sweep = await sweeps.find(session, sweep_id, lock=True)
        assert sweep is not None
        sweep.state = SweepState.SUCCEEDED


async def everything(world: World, sweep_id: str, runner_id: str | None = None) -> str:
    pieces = read_logs(world.database, world.clusters, RunnerLogs(), sweep_id, runner_id, Position())
    return "".join([piece.text async for piece in pieces])


class Follower:
    """Follows the logs of a sweep and keeps what it has read."""

    def __init__(
        self, world: World, sweep_id: str, runner_id: str | None, after: Position, readers: RunnerLogs
    ) -> None:
        self.readers = readers
        self.text = ""
        self.position = after
        self.stopping = asyncio.Event()
        self.task = asyncio.create_task(self._follow(world, sweep_id, runner_id))

    async def until(self, condition: Callable[[str], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition(self.text):
            assert time.monotonic() < deadline, self.text
            await asyncio.sleep(0.01)

    async def ends(self) -> None:
        await asyncio.wait_for(self.task, PATIENCE_SECONDS)

    async def _follow(self, world: World, sweep_id: str, runner_id: str | None) -> None:
        followed = follow_logs(
            world.database, world.clusters, self.readers, sweep_id, runner_id, self.position, self.stopping
        )
        async for piece in followed:
            self.text += piece.text
            self.position = Position.parse(str(piece.position))


@asynccontextmanager
async def following(
    world: World,
    sweep_id: str,
    runner_id: str | None = None,
    after: Position | None = None,
    readers: RunnerLogs | None = None,
) -> AsyncIterator[Follower]:
    follower = Follower(world, sweep_id, runner_id, after or Position(), readers or RunnerLogs())
    yield follower
    follower.stopping.set()
    await follower.ends()


def header(runner: RunnerDouble, state: str, cluster: str = "local") -> str:
    return f"==> runner {runner.opened.runner_id} on cluster {cluster}, {state} <==\n"


async def test_logs_of_all_runners_come_in_order(world: World) -> None:
    sweep_id = await world.create()
    first = await running(world, sweep_id, "one\n")
    await settle(world, first)
    second = await running(world, sweep_id, "two\n")
    await second.ask("t1")
    expected = f"{header(first, 'fenced')}one\n{header(second, 'live')}two\n"
    assert await everything(world, sweep_id) == expected


async def test_one_runner_can_be_asked_for_alone(world: World) -> None:
    sweep_id = await world.create()
    await running(world, sweep_id, "one\n")
    second = await running(world, sweep_id, "two\n")
    assert await everything(world, sweep_id, second.opened.runner_id) == f"{header(second, 'submitting')}two\n"


async def test_an_unknown_runner_is_refused_with_those_there_are(world: World) -> None:
    sweep_id = await world.create()
    runner = await running(world, sweep_id)
    async with world.database.read() as session:
        await check_runner(session, sweep_id, runner.opened.runner_id)
        with pytest.raises(NotFound, match=f"no runner 'x'; it has {runner.opened.runner_id}"):
            await check_runner(session, sweep_id, "x")


async def test_the_runners_token_is_not_in_its_log(world: World) -> None:
    sweep_id = await world.create()
    runner = await running(world, sweep_id)
    say(world, runner, f"my token is {runner.opened.token}!\n")
    text = await everything(world, sweep_id)
    assert runner.opened.token not in text
    assert "my token is <redacted>!" in text


async def test_a_log_without_an_end_of_line_is_shown_once_its_job_is_over(world: World) -> None:
    sweep_id = await world.create()
    runner = await running(world, sweep_id, "one\nkilled in the mid")
    assert (await everything(world, sweep_id)).endswith("one\n")
    await settle(world, runner)
    assert (await everything(world, sweep_id)).endswith("one\nkilled in the mid\n")


async def test_a_job_that_its_cluster_has_forgotten_is_told_of(world: World) -> None:
    sweep_id = await world.create()
    await settle(world, await world.open_runner(sweep_id))
    assert (await everything(world, sweep_id)).endswith("[its cluster knows nothing of its job any more]\n")


async def test_a_cluster_that_was_removed_is_told_of(world: World) -> None:
    world.other_clusters["old"] = FakeClusterClient()
    sweep_id = await world.create(small_spec(clusters=["local", "old"]))
    await running(world, sweep_id, "one\n")
    async with world.database.write() as session:
        (row,) = await runners.of_sweep(session, sweep_id)
        row.cluster = "old"
    del world.other_clusters["old"]
    assert "there is no cluster 'old'" in await everything(world, sweep_id)


async def test_following_goes_on_with_the_next_runner_and_ends_with_the_sweep(world: World) -> None:
    sweep_id = await world.create()
    first = await running(world, sweep_id, "one\n")
    async with following(world, sweep_id) as follower:
        await follower.until(lambda text: "one\n" in text)
        say(world, first, "two\n")
        await follower.until(lambda text: "two\n" in text)
        await settle(world, first)
        second = await running(world, sweep_id, "three\n")
        await follower.until(lambda text: "three\n" in text)
        say(world, second, "four\n")
        await settle(world, second)
        await finish(world, sweep_id)
        await follower.ends()
    expected = f"{header(first, 'submitting')}one\ntwo\n{header(second, 'submitting')}three\nfour\n"
    assert follower.text == expected


async def test_runners_that_speak_in_turns_are_told_apart(world: World) -> None:
    sweep_id = await world.create()
    first, second = [await running(world, sweep_id) for _ in range(2)]
    async with following(world, sweep_id) as follower:
        await follower.until(lambda text: second.opened.runner_id in text)
        for runner, word in ((first, "a\n"), (second, "b\n"), (first, "c\n")):
            say(world, runner, word)
            await follower.until(lambda text, word=word: text.endswith(word))  # type: ignore[misc]
    turns = [header(first, "submitting") + "a\n", header(second, "submitting") + "b\n"]
    assert "".join([*turns, header(first, "submitting") + "c\n"]) in follower.text


async def test_a_cluster_that_is_away_is_told_of_once_and_asked_again(world: World) -> None:
    sweep_id = await world.create()
    runner = await running(world, sweep_id, "one\n")
    async with following(world, sweep_id) as follower:
        await follower.until(lambda text: "one\n" in text)
        world.cluster.fails_with = ClusterUnreachable("the dashboard is away")
        await follower.until(lambda text: "away" in text)
        for _ in range(20):
            await asyncio.sleep(0.01)
        say(world, runner, "two\n")
        world.cluster.fails_with = None
        await follower.until(lambda text: text.endswith("two\n"))
    assert follower.text.count("[this log cannot be read now: the dashboard is away]\n") == 1
    assert follower.text.count("one\n") == 1


async def test_following_ends_when_the_process_stops(world: World) -> None:
    sweep_id = await world.create()
    async with following(world, sweep_id) as follower:
        follower.stopping.set()
        await follower.ends()


async def test_following_one_runner_ends_with_it(world: World) -> None:
    sweep_id = await world.create()
    first = await running(world, sweep_id, "one\n")
    await running(world, sweep_id, "two\n")
    async with following(world, sweep_id, first.opened.runner_id) as follower:
        await follower.until(lambda text: "one\n" in text)
        await settle(world, first)
        await follower.ends()
    assert follower.text == f"{header(first, 'submitting')}one\n"


async def test_a_reader_goes_on_from_every_position_as_if_nothing_had_been_between(world: World) -> None:
    sweep_id = await world.create()
    first, second = [await running(world, sweep_id) for _ in range(2)]
    position, ones, others = Position(), header(first, "submitting"), header(second, "submitting")
    for runner, word, expected in (
        (first, "a\nhalf a", f"{ones}a\n{others}"),
        (second, "b\n", "b\n"),
        (second, "c\n", "c\n"),
        (first, " line\nd\n", f"{ones}half a line\nd\n"),
        (second, "e\n", f"{others}e\n"),
    ):
        say(world, runner, word)
        async with following(world, sweep_id, after=position) as follower:
            await follower.until(lambda text, expected=expected: text == expected)  # type: ignore[misc]
        position = follower.position


async def test_what_is_wholly_read_is_told_by_one_number_and_not_read_again(world: World) -> None:
    sweep_id = await world.create()
    for _ in range(3):
        await settle(world, await running(world, sweep_id, "over\n"))
    last = await running(world, sweep_id, "one\n")
    async with following(world, sweep_id) as follower:
        await follower.until(lambda text: text.endswith("one\n"))
    assert str(follower.position) == "4;4;4:4"
    say(world, last, "two\n")
    await finish(world, sweep_id)
    async with following(world, sweep_id, after=follower.position) as again:
        await again.ends()
    assert again.text == "two\n"


async def test_a_long_log_comes_in_pieces_of_whole_lines(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "PIECE_CHARACTERS", 10)
    sweep_id = await world.create()
    lines = [f"line {number} is one\n" for number in range(20)]
    runner = await running(world, sweep_id, "".join(lines))
    pieces = read_logs(world.database, world.clusters, RunnerLogs(), sweep_id, None, Position())
    assert [piece.text async for piece in pieces] == [header(runner, "submitting") + lines[0], *lines[1:]]
    assert world.cluster.log_reads == 1


async def test_a_reader_goes_on_from_the_middle_of_a_long_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "PIECE_CHARACTERS", 1)
    sweep_id = await world.create()
    await settle(world, await running(world, sweep_id, "one\ntwo\nthree"))
    pieces = [
        piece async for piece in read_logs(world.database, world.clusters, RunnerLogs(), sweep_id, None, Position())
    ]
    for number, piece in enumerate(pieces):
        rest = read_logs(world.database, world.clusters, RunnerLogs(), sweep_id, None, piece.position)
        assert [later.text async for later in rest] == [later.text for later in pieces[number + 1 :]]


async def test_a_log_that_is_too_long_says_where_it_is_cut_and_is_not_asked_for_again(world: World) -> None:
    sweep_id = await world.create()
    runner = await running(world, sweep_id, "one\ntwo\nthree and so on")
    world.cluster.most_characters = 10
    async with following(world, sweep_id) as follower:
        await follower.until(lambda text: "cut" in text)
        say(world, runner, "\nmore\n")
        for _ in range(5):
            await asyncio.sleep(0.01)
    lines = follower.text.splitlines()
    assert lines[1:3] == ["one", "two"]
    assert lines[3].startswith("[this log is cut here, it is too long: its cluster has the rest, of job supsweep-")
    assert (len(lines), world.cluster.log_reads) == (4, 1)


async def test_many_followers_fetch_a_log_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "POLL_SECONDS", 0.5)
    sweep_id = await world.create()
    await running(world, sweep_id, "one\n")
    readers = RunnerLogs()
    async with AsyncExitStack() as stack:
        followers = [await stack.enter_async_context(following(world, sweep_id, readers=readers)) for _ in range(20)]
        for follower in followers:
            await follower.until(lambda text: text.endswith("one\n"))
        assert world.cluster.log_reads <= 2


async def test_nothing_is_kept_of_a_log_that_nobody_reads(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_logs, "KEPT_SECONDS", 0.01)
    sweep_id = await world.create()
    await running(world, sweep_id, "one\n")
    readers = RunnerLogs()
    async for _ in read_logs(world.database, world.clusters, readers, sweep_id, None, Position()):
        pass
    async with asyncio.timeout(PATIENCE_SECONDS):
        while readers._fetches:
            await asyncio.sleep(0.01)
