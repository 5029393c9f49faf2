"""What a trial takes of its cluster."""

import pytest

from search_spaces.sweep_spec import Resources
from trainers.runner.resources import placement_of, trials_that_fit


def test_a_trial_without_gpus_asks_for_none() -> None:
    assert placement_of(Resources(cpus_per_worker=2)).bundles == [{"CPU": 2.0}]


def test_a_single_worker_is_the_tune_actor_itself() -> None:
    assert not placement_of(Resources()).head_bundle_is_empty


def test_every_one_of_several_workers_has_its_bundle_and_their_leader_none() -> None:
    placement = placement_of(Resources(workers=3, cpus_per_worker=2, gpus_per_worker=1))
    assert placement.bundles == [{"CPU": 2.0, "GPU": 1.0}] * 3
    assert placement.head_bundle_is_empty


@pytest.mark.parametrize(
    ("resources", "nodes", "fitting"),
    [
        (Resources(max_concurrent=8), [{"CPU": 2.0}], 2),
        (Resources(max_concurrent=2), [{"CPU": 64.0}], 64),
        (Resources(max_concurrent=8, cpus_per_worker=3), [{"CPU": 8.0}], 2),
        (Resources(max_concurrent=99, gpus_per_worker=0.1), [{"CPU": 64.0, "GPU": 1.0}], 10),
        (Resources(max_concurrent=99, gpus_per_worker=0.6), [{"CPU": 64.0, "GPU": 4.0}], 4),
        (Resources(max_concurrent=99, workers=2), [{"CPU": 5.0}], 2),
        (Resources(max_concurrent=99, workers=2), [{"CPU": 3.0}, {"CPU": 1.0}], 2),
        (Resources(max_concurrent=99, cpus_per_worker=2), [{"CPU": 3.0}, {"CPU": 3.0}], 2),
        (Resources(max_concurrent=8, gpus_per_worker=1), [{"CPU": 8.0}], 0),
        (Resources(max_concurrent=8, workers=3), [{"CPU": 2.0}], 0),
    ],
    ids=[
        "cluster",
        "max_concurrent is for the ledger",
        "remainder",
        "tenths of a GPU",
        "a fraction is of one GPU",
        "workers",
        "workers over nodes",
        "a worker is on one node",
        "no GPU",
        "more workers than the cluster holds",
    ],
)
def test_as_many_trials_fit_as_the_scarcest_resource_allows(
    resources: Resources, nodes: list[dict[str, float]], fitting: int
) -> None:
    assert trials_that_fit(resources, nodes) == fitting
