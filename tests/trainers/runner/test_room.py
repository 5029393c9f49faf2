"""Room on the cluster: waited for, wished for, given up."""

from typing import Any

import pytest

from search_spaces.sweep_spec import Resources
from trainers.runner.resources import Node
from trainers.runner.room import GROWTH_SECONDS, WISH_AGAIN_SECONDS, Room


class Cluster:
    """Nodes that a test changes, and what was wished for."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = list(nodes)
        self.wishes: list[list[dict[str, float]]] = []

    def room(self, resources: Resources, clock: Any) -> Room:
        return Room(resources, lambda: self.nodes, self.wishes.append, clock)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster({"CPU": 1.0})


def test_a_cluster_with_room_is_wished_nothing(cluster: Cluster, clock: Any) -> None:
    room = cluster.room(Resources(max_concurrent=9), clock)
    assert room.fitting() == 1
    assert not room.is_given_up
    assert cluster.wishes == []


def test_what_is_lacking_is_wished_once_and_unwished_when_it_has_come(cluster: Cluster, clock: Any) -> None:
    room = cluster.room(Resources(workers=2), clock)
    assert [room.fitting(), room.fitting()] == [0, 0]
    assert cluster.wishes == [[{"CPU": 1.0}, {"CPU": 1.0}]]
    cluster.nodes.append({"CPU": 1.0})
    assert [room.fitting(), room.fitting()] == [1, 1]
    assert cluster.wishes[1:] == [[]]


def test_what_is_wanted_is_wished_for_once_and_then_now_and_again_for_another_runner_may_wish_too(
    cluster: Cluster, clock: Any
) -> None:
    room = cluster.room(Resources(workers=2), clock)
    room.want(3)
    room.want(3)
    assert cluster.wishes == [[{"CPU": 1.0}] * 6]
    clock.turn(WISH_AGAIN_SECONDS + 1)
    room.want(3)
    assert cluster.wishes[1:] == [[{"CPU": 1.0}] * 6]


def test_wanting_nothing_is_said_once(cluster: Cluster, clock: Any) -> None:
    room = cluster.room(Resources(), clock)
    room.want(2)
    room.want(0)
    clock.turn(WISH_AGAIN_SECONDS + 1)
    room.want(0)
    assert cluster.wishes[1:] == [[]]


def test_what_a_killed_runner_wished_is_taken_back_first_and_our_own_at_the_end(cluster: Cluster, clock: Any) -> None:
    room = cluster.room(Resources(), clock)
    with pytest.raises(RuntimeError), room.wishes():
        assert cluster.wishes == [[]]
        room.want(1)
        raise RuntimeError
    assert cluster.wishes[1:] == [[{"CPU": 1.0}], []]


def test_room_is_given_up_only_after_the_time_that_a_cluster_needs_to_grow(cluster: Cluster, clock: Any) -> None:
    room = cluster.room(Resources(workers=2), clock)
    room.fitting()
    clock.turn(GROWTH_SECONDS - 1)
    assert not room.is_given_up
    clock.turn(2)
    assert room.is_given_up


def test_a_node_that_comes_back_ends_the_wait(cluster: Cluster, clock: Any) -> None:
    room = cluster.room(Resources(workers=2), clock)
    room.fitting()
    clock.turn(GROWTH_SECONDS + 1)
    cluster.nodes.append({"CPU": 1.0})
    assert room.fitting() == 1
    assert not room.is_given_up


def test_the_lack_is_told_in_a_sentence(cluster: Cluster, clock: Any) -> None:
    room = cluster.room(Resources(workers=4, gpus_per_worker=1), clock)
    assert room.lack() == "a trial needs 4 × (1 CPU, 1 GPU), the nodes of the cluster hold 0 of these"
