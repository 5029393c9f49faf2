"""What a spec will do, counted before; and the images that will be trained on, against the trainers' own splits."""

from pathlib import Path

import pytest

from search_spaces.datasets import DatasetSpec, training_images
from search_spaces.presets import PRESETS, digits_demo
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from service.search.designs import plan_trials
from service.search.expectation import count_pairs, expected_trials, image_passes


def test_trials_of_a_planned_design_are_those_of_its_plan() -> None:
    spec = digits_demo()
    assert [(trial.arm, trial.point, trial.config) for trial in expected_trials(spec, plan_trials(spec))] == [
        (trial.arm, trial.point, trial.config) for trial in plan_trials(spec)
    ]


def test_trials_of_a_search_stand_at_their_arms_centre() -> None:
    spec = PRESETS["tune_supcon"]()
    assert {trial.config for trial in expected_trials(spec, [])} == {spec.base_config(spec.arms[0])}
    assert len(expected_trials(spec, [])) == 24


def test_pairs_are_points_and_not_seeds() -> None:
    spec = vary(digits_demo(), design={"replicates": 3})
    assert count_pairs(spec, expected_trials(spec, plan_trials(spec))) == 16


@pytest.mark.parametrize(
    ("batch_size", "images"),
    [(256, 1222), (2, 1222), (3, 1221), (1221, 1221), (1222, 1222), (33, 1221)],
)
def test_last_batch_of_one_image_sits_out(batch_size: int, images: int) -> None:
    config = TrialConfig(objective="cross_entropy", batch_size=batch_size, epochs=2)
    assert image_passes(config, DatasetSpec(name="digits")) == 2 * images


def test_images_that_nobody_has_counted_are_unknown() -> None:
    folder = DatasetSpec(name="image_folder", root="/data", classes=3, image_size=32)
    assert image_passes(TrialConfig(objective="supcon"), folder) is None


@pytest.mark.parametrize(("val_fraction", "train_fraction"), [(0.15, 1.0), (0.2, 0.5), (0.333, 0.77)])
def test_training_images_are_as_many_as_the_trainers_split_off(val_fraction: float, train_fraction: float) -> None:
    from trainers.datasets.digits import load_digits_splits  # noqa: PLC0415  # takes seconds to load
    from trainers.datasets.stratified import Division  # noqa: PLC0415

    dataset = DatasetSpec(name="digits", val_fraction=val_fraction, train_fraction=train_fraction)
    splits = load_digits_splits(Division(val_fraction, train_fraction, split_seed=3))
    assert training_images(dataset) == len(splits.train)


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "batch_size"), [("cross_entropy", 33), ("supcon", 256)])
def test_expected_image_passes_are_those_that_a_trial_reports(objective: str, batch_size: int, tmp_path: Path) -> None:
    from trainers.run_trial import EpochEnd, run_trial  # noqa: PLC0415  # takes seconds to load

    config = TrialConfig(objective=objective, batch_size=batch_size, epochs=1, warmup_epochs=0, augmentation="none")
    reported: list[int] = []

    def note(end: EpochEnd) -> None:
        reported.append(end.image_passes)

    run_trial(config, DatasetSpec(name="digits"), Evaluation(), folder=tmp_path, on_epoch=note)
    assert reported[-1] == image_passes(config, DatasetSpec(name="digits"))
