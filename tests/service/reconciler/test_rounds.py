"""Rounds over the clusters: each in its time, by one process, and none held up by another."""

from datetime import timedelta

from fakes.ledger import World
from fakes.registered import cluster_row, register

from service.clusters.protocol import ClusterUnreachable
from service.db import clusters
from service.db.clusters import ClusterRow
from service.reconciler.absence import Presence
from service.reconciler.claim import Tools
from service.reconciler.rounds import CHECK_SECONDS, MOST_JITTER, visit_due


def tools(world: World) -> Tools:
    return Tools(world.settings, world.database, world.clusters, world.clock)


class Visitor:
    """Notes whom it visits; some are not at home."""

    def __init__(self, *away: str) -> None:
        self.visited: list[str] = []
        self.away = away

    async def __call__(self, row: ClusterRow) -> None:
        self.visited.append(row.name)
        if row.name in self.away:
            raise ClusterUnreachable("away")


async def test_every_cluster_is_visited_once_per_round(world: World) -> None:
    await register(world, "a")
    await register(world, "b")
    visit = Visitor("a")
    for _process in range(3):
        await visit_due(tools(world), clusters.claim_check, CHECK_SECONDS, visit)
    assert sorted(visit.visited) == ["a", "b"]


async def test_the_next_round_comes_in_its_time(world: World) -> None:
    await register(world, "a")
    visit = Visitor()
    await visit_due(tools(world), clusters.claim_check, CHECK_SECONDS, visit)
    due_in = (await cluster_row(world, "a")).check_due_at - world.clock()
    assert abs(due_in - timedelta(seconds=CHECK_SECONDS)) <= timedelta(seconds=MOST_JITTER * CHECK_SECONDS)
    world.clock.turn(CHECK_SECONDS * (1 + MOST_JITTER))
    await visit_due(tools(world), clusters.claim_check, CHECK_SECONDS, visit)
    assert visit.visited == ["a", "a"]


async def test_a_check_puts_off_no_look_for_orphans(world: World) -> None:
    await register(world, "a")
    check, look = Visitor(), Visitor()
    await visit_due(tools(world), clusters.claim_check, CHECK_SECONDS, check)
    await visit_due(tools(world), clusters.claim_orphans, CHECK_SECONDS, look)
    assert (check.visited, look.visited) == (["a"], ["a"])


async def test_a_clock_that_was_put_back_holds_no_round_up(world: World) -> None:
    await register(world, "a")
    visit = Visitor()
    await visit_due(tools(world), clusters.claim_check, CHECK_SECONDS, visit)
    world.clock.turn(-3600)
    await Presence(tools(world)).note()
    await visit_due(tools(world), clusters.claim_check, CHECK_SECONDS, visit)
    assert visit.visited == ["a", "a"]
