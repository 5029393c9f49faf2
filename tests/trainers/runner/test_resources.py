"""What a trial takes of its cluster."""

import pytest

from search_spaces.sweep_spec import Resources
from trainers.runner.resources import placement_of, trials_that_fit


def test_a_trial_without_gpus_asks_for_none() -> None:
    assert placement_of(Resources(cpus_per_worker=2)).bundles == [{"CPU": 2.0}]


def test_every_worker_has_its_bundle() -> None:
    resources = Resources(workers=3, cpus_per_worker=2, gpus_per_worker=0.5)
    assert placement_of(resources).bundles == [{"CPU": 2.0, "GPU": 0.5}] * 3


@pytest.mark.parametrize(
    ("resources", "total", "fitting"),
    [
        (Resources(max_concurrent=8), {"CPU": 2.0}, 2),
        (Resources(max_concurrent=2), {"CPU": 64.0}, 2),
        (Resources(max_concurrent=8, cpus_per_worker=3), {"CPU": 8.0}, 2),
        (Resources(max_concurrent=99, gpus_per_worker=0.1), {"CPU": 64.0, "GPU": 1.0}, 10),
        (Resources(max_concurrent=99, workers=2), {"CPU": 5.0}, 2),
        (Resources(max_concurrent=8, gpus_per_worker=1), {"CPU": 8.0}, 1),
    ],
    ids=["cluster", "max_concurrent", "remainder", "tenths of a GPU", "workers", "a cluster that must grow first"],
)
def test_as_many_trials_fit_as_the_scarcest_resource_allows(
    resources: Resources, total: dict[str, float], fitting: int
) -> None:
    assert trials_that_fit(resources, total) == fitting
