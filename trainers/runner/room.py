"""Whether the cluster has room for a trial, and what to do while it has none.

A cluster may grow: its autoscaler starts nodes, or a node comes back. So nobody asks for trials at first, and the
autoscaler, if there is one, is told what is wanted. When that does not help, waiting in silence would help nobody.

A wish stays until another takes its place, whoever lives: so it is taken back as soon as it serves nothing, and first
of all that of a runner which was killed.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from search_spaces.sweep_spec import Resources
from trainers.runner.resources import Node, bundle_of, trials_that_fit, workers_that_fit

log = logging.getLogger(__name__)

WISH_AGAIN_SECONDS = 30.0
"""Of several runners on one cluster the last wish counts, so that it grows for each of them in turn."""
GROWTH_SECONDS = 900.0
"""A cloud starts a GPU node, and the node fetches an image of many gigabytes, within ten minutes. Ray does not tell
whether a cluster has an autoscaler at all."""


class Room:
    """The room for trials of these resources on the nodes that `nodes` tells.

    `wish` tells the autoscaler what bundles are wanted at once, instead of what was wished before. `now` tells seconds.
    """

    def __init__(
        self,
        resources: Resources,
        nodes: Callable[[], Sequence[Node]],
        wish: Callable[[list[dict[str, float]]], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resources = resources
        self._nodes = nodes
        self._wish = wish
        self._now = now
        self._lacking_since: float | None = None
        self._wanted: int | None = None
        self._wished_at = float("-inf")

    @contextmanager
    def wishes(self) -> Iterator[None]:
        """Wishes are made within: whatever was wished before is taken back first, and ours at the end."""
        self.want(0)
        try:
            yield
        finally:
            self.want(0)

    def fitting(self) -> int:
        """How many trials run at once. Wishes for room for one while it is 0."""
        fitting = trials_that_fit(self._resources, self._nodes())
        if fitting and self._lacking_since is not None:
            self._lacking_since = None
            self.want(0)
        if not fitting and self._lacking_since is None:
            log.warning("no room for a trial, waiting for the cluster to grow: %s", self.lack())
            self._lacking_since = self._now()
        if not fitting:
            self.want(1)
        return fitting

    def want(self, trials: int) -> None:
        """Wishes for room for so many trials at once; 0 for no more than is needed, for trials keep what they have."""
        is_due = trials > 0 and self._now() - self._wished_at > WISH_AGAIN_SECONDS
        if trials != self._wanted or is_due:
            self._wanted, self._wished_at = trials, self._now()
            self._wish([bundle_of(self._resources)] * (self._resources.workers * trials))

    @property
    def is_given_up(self) -> bool:
        """Whether there has been no room for so long that none will come."""
        return self._lacking_since is not None and self._now() - self._lacking_since > GROWTH_SECONDS

    def lack(self) -> str:
        """What is missing, a sentence."""
        resources = self._resources
        bundle = ", ".join(f"{amount:g} {name}" for name, amount in bundle_of(resources).items())
        held = workers_that_fit(resources, self._nodes())
        return f"a trial needs {resources.workers} × ({bundle}), the nodes of the cluster hold {held} of these"
