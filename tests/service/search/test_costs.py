"""Costs of trials to come, from made-up past trials whose costs are known."""

import numpy as np
import pytest

from search_spaces.datasets import DatasetSpec
from search_spaces.sweep_spec import Resources
from search_spaces.trial_config import TrialConfig
from service.search.costs import Job, PastTrial, Setting, estimate_cost, setting_of, work_of

DIGITS = DatasetSpec(name="digits")
ONE_CPU = Resources()


def setting(objective: str = "supcon", resources: Resources = ONE_CPU, **fields: object) -> Setting:
    return setting_of(TrialConfig(objective=objective, **fields), DIGITS, resources)


def past(rates: list[float], **fields: object) -> list[PastTrial]:
    return [PastTrial(setting(**fields), rate) for rate in rates]


def test_total_is_the_work_at_the_mean_rate() -> None:
    cost = estimate_cost([Job(setting(), 100.0), Job(setting(), 50.0)], past([1.0, 2.0, 3.0]))
    assert cost is not None
    assert (cost.value, cost.longest_trial, cost.past_trials) == (300.0, 200.0, 3)
    assert cost.low < 300 < cost.high


def test_nothing_alike_is_unknown_and_no_number() -> None:
    jobs = [Job(setting(), 1.0)]
    assert estimate_cost(jobs, []) is None
    assert estimate_cost(jobs, past([1.0], encoder="resnet18")) is None
    assert estimate_cost(jobs, past([1.0], resources=Resources(gpus_per_worker=1))) is None
    assert estimate_cost(jobs, past([1.0], objective="cross_entropy")) is None


def test_one_job_without_any_past_leaves_the_total_unknown() -> None:
    jobs = [Job(setting(), 1.0), Job(setting(encoder="resnet50"), 1.0)]
    assert estimate_cost(jobs, past([1.0] * 5)) is None


def test_closest_likeness_with_enough_trials_is_taken() -> None:
    far, near = past([9.0] * 50, batch_size=64), past([1.0] * 3, batch_size=256)
    cost = estimate_cost([Job(setting(batch_size=256), 1.0)], [*far, *near])
    assert cost is not None
    assert (cost.value, cost.past_trials) == (1.0, 3)
    assert cost.likeness.startswith("the same objective, encoder, dataset, devices, batch size, precision")


def test_few_close_trials_give_way_to_more_that_are_less_alike() -> None:
    cost = estimate_cost(
        [Job(setting(batch_size=256), 1.0)], [*past([9.0] * 3, batch_size=64), *past([1.0], batch_size=256)]
    )
    assert cost is not None
    assert (cost.value, cost.past_trials) == (7.0, 4)
    assert "of any batch size" in cost.likeness


def test_another_objective_with_as_many_views_is_the_last_resort() -> None:
    cost = estimate_cost([Job(setting("supcon"), 1.0)], past([2.0, 4.0], objective="simclr"))
    assert cost is not None
    assert cost.value == 3.0
    assert "of an objective with as many views" in cost.likeness


def test_single_past_trial_gives_a_value_and_no_interval() -> None:
    cost = estimate_cost([Job(setting(), 10.0)], past([2.0]))
    assert cost is not None
    assert (cost.value, cost.low, cost.high) == (20.0, None, None)


def test_interval_holds_the_truth_nearly_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    held = []
    for _ in range(200):
        rates = generator.gamma(4.0, size=40)
        works = generator.uniform(1, 3, size=30)
        truth = float((works * generator.gamma(4.0, size=30)).sum())
        cost = estimate_cost([Job(setting(), work) for work in works], past(rates.tolist()))
        assert cost is not None
        held.append(cost.low <= truth <= cost.high)
    assert 0.9 <= np.mean(held) <= 0.99


@pytest.mark.parametrize(
    ("dataset", "work"),
    [
        (DIGITS, 15 * 2 * 1222),
        (DatasetSpec(name="digits", train_fraction=0.5), 15 * 2 * 611),
        (DatasetSpec(name="image_folder", root="/data", classes=3, image_size=32), 15 * 2),
    ],
)
def test_work_is_in_image_passes_where_the_images_are_counted(dataset: DatasetSpec, work: float) -> None:
    assert work_of(TrialConfig(objective="supcon", epochs=15), dataset) == work


def test_folders_that_nobody_has_counted_are_alike_only_in_themselves() -> None:
    one, other = (
        DatasetSpec(name="image_folder", root=root, classes=3, image_size=32) for root in ("/data/a", "/data/b")
    )
    config = TrialConfig(objective="supcon")
    assert setting_of(config, one, ONE_CPU) != setting_of(config, other, ONE_CPU)
