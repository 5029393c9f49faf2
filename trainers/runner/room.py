"""Whether the cluster has room for a trial, and what to do while it has none.

A cluster may grow: its autoscaler starts nodes, or a node comes back. So nobody asks for trials at first, and the
autoscaler, if there is one, is told what is wanted. When that does not help, waiting in silence would help nobody.
"""

import logging
import time
from collections.abc import Callable, Sequence

from search_spaces.sweep_spec import Resources
from trainers.runner.resources import Node, bundle_of, trials_that_fit, workers_that_fit

log = logging.getLogger(__name__)

GROWTH_SECONDS = 300.0
"""Clouds start a GPU node within minutes. Ray does not tell whether a cluster has an autoscaler at all."""


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

    def fitting(self) -> int:
        """How many trials run at once. Wishes for room while it is 0."""
        fitting = trials_that_fit(self._resources, self._nodes())
        if fitting and self._lacking_since is not None:
            self._lacking_since = None
            # The trials' own placement groups keep what they need.
            self._wish([])
        if not fitting and self._lacking_since is None:
            log.warning("no room for a trial, waiting for the cluster to grow: %s", self.lack())
            self._lacking_since = self._now()
            self._wish([bundle_of(self._resources)] * self._resources.workers)
        return fitting

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
