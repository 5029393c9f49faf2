"""Presets say what their names promise: equal chances for the arms, and variants that differ where they should."""

import pytest

from search_spaces.arms import arm_config
from search_spaces.learning_rates import peak_learning_rate
from search_spaces.objectives import Objective
from search_spaces.presets import PRESETS
from search_spaces.presets.digits import digits_objectives, tune_supcon
from search_spaces.presets.imagenet import paper_stability
from search_spaces.presets.small_images import cifar10_paired, cifar100_paired, fashion_mnist_paired
from search_spaces.sweep_spec import count_trials


@pytest.mark.parametrize("name", PRESETS)
def test_name_and_description_are_those_of_the_function(name: str) -> None:
    assert PRESETS[name]().name == name.replace("_", "-")
    assert (PRESETS[name].__doc__ or "").endswith(".")


def test_digits_objectives_gives_every_objective_the_same_epochs_and_learning_rate_factors() -> None:
    spec = digits_objectives()
    assert [arm.objective for arm in spec.arms] == list(Objective)
    assert list(spec.shared) == ["learning_rate_multiplier"]
    assert not any(arm.space for arm in spec.arms)
    assert {(arm_config(arm, {}).epochs, arm_config(arm, {}).batch_size) for arm in spec.arms} == {(6, 128)}
    assert count_trials(spec) == 8 * 6


def test_cifar_presets_differ_in_name_and_data_alone() -> None:
    ten, hundred = cifar10_paired(), cifar100_paired()
    assert (ten.dataset.name, hundred.dataset.name) == ("cifar10", "cifar100")
    assert ten.model_copy(update={"name": hundred.name, "dataset": hundred.dataset}) == hundred


def test_fashion_mnist_trains_the_same_arms_for_fewer_epochs() -> None:
    cifar, fashion = cifar10_paired(), fashion_mnist_paired()
    assert [arm.space for arm in cifar.arms] == [arm.space for arm in fashion.arms]
    assert {arm.base["epochs"] for arm in fashion.arms} == {30}
    assert cifar.shared == fashion.shared


def test_the_papers_stability_experiment_moves_what_its_figure_names() -> None:
    spec = paper_stability()
    assert (spec.dataset.name, spec.design.kind, spec.design.match) == ("imagenet", "one_at_a_time", "epochs")
    assert {spec.base_config(arm).encoder for arm in spec.arms} == {"resnet50"}
    assert set(spec.shared) == {"augmentation", "optimizer", "learning_rate_multiplier"}
    bases = [(base.optimizer, base.epochs, peak_learning_rate(base)) for base in map(spec.base_config, spec.arms)]
    assert bases == [("lars", 350, pytest.approx(0.4 * 24)), ("nesterov", 200, pytest.approx(0.1 * 24))]
    # Base, three other augmentations, two or three other optimizers, four other learning rates.
    assert count_trials(spec) == (1 + 3 + 2 + 4) + (1 + 3 + 3 + 4)


def test_tune_supcon_searches_with_a_pruner() -> None:
    spec = tune_supcon()
    assert (spec.design.kind, spec.pruning.kind, len(spec.arms)) == ("search", "median", 1)
