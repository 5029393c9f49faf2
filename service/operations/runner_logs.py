"""What runners have printed, fetched once for all who read at the same time: a log always comes from its beginning."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial

from service.clusters.protocol import JobLog
from service.clusters.registry import ClusterRegistry
from service.db.runners import RunnerRow

KEPT_SECONDS = 2.0
"""How long a log is kept for the next reader."""


@dataclass(frozen=True)
class _Fetch:
    log: asyncio.Task[JobLog | None]
    began_at: float


class RunnerLogs:
    """The logs that somebody in this process reads now."""

    def __init__(self) -> None:
        self._fetches: dict[str, _Fetch] = {}

    async def read(self, registry: ClusterRegistry, runner: RunnerRow, *, age_seconds: float) -> JobLog | None:
        """What the runner has printed, as it was at most so long ago; none when its cluster knows no such job.

        What another has asked for is waited for. Raises ClusterUnreachable, ClusterRefused and UnknownCluster.
        """
        name = runner.submission_id
        fetch = self._fetches.get(name)
        if fetch is None or (fetch.log.done() and time.monotonic() - fetch.began_at > age_seconds):
            fetch = _Fetch(asyncio.create_task(_fetch(registry, runner), name=f"log of {name}"), time.monotonic())
            self._fetches[name] = fetch
            fetch.log.add_done_callback(partial(self._forget_later, name, fetch))
        # Shielded: who goes away takes it from nobody else.
        return await asyncio.shield(fetch.log)

    def _forget_later(self, name: str, fetch: _Fetch, done: asyncio.Task[JobLog | None]) -> None:
        if not done.cancelled():
            done.exception()  # told to whoever waited; perhaps nobody did to the end
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, name, fetch)

    def _forget(self, name: str, fetch: _Fetch) -> None:
        if self._fetches.get(name) is fetch:
            del self._fetches[name]


async def _fetch(registry: ClusterRegistry, runner: RunnerRow) -> JobLog | None:
    client = await registry.client(runner.cluster)
    return await client.logs(runner.submission_id)
