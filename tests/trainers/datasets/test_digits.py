"""The digits, split."""

import pytest
import torch

from search_spaces.datasets import DATASET_FACTS
from trainers.datasets.digits import load_digits_splits
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division


def load(val_fraction: float = 0.15, train_fraction: float = 1.0, split_seed: int = 0) -> Splits:
    return load_digits_splits(Division(val_fraction, train_fraction, split_seed))


def rows(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def test_no_image_is_in_two_splits_and_none_is_lost() -> None:
    splits = load()
    parts = [rows(part.images) for part in (splits.train, splits.val, splits.test)]
    assert [len(part) for part in parts] == [1222, 215, 360]  # no digit occurs twice in the data set
    assert len(set.union(*parts)) == 1797


def test_the_splits_are_what_planning_believes() -> None:
    facts, splits = DATASET_FACTS["digits"], load()
    assert (splits.classes, splits.image_size, splits.channels) == (facts.classes, facts.image_size, facts.channels)
    assert len(splits.test) == facts.test_images
    assert len(splits.train) + len(splits.val) == facts.images_outside_test


def test_images_are_floats_from_zero_to_one() -> None:
    train = load().train
    assert train.images.shape == (1222, 1, 8, 8)
    assert train.images.dtype == torch.float32
    assert train.labels.dtype == torch.int64
    assert (train.images.min(), train.images.max()) == (0, 1)


def test_every_class_has_the_same_share_of_every_split() -> None:
    splits = load()
    whole = torch.cat([splits.train.labels, splits.val.labels, splits.test.labels]).bincount()
    for part in (splits.train, splits.val, splits.test):
        expected = whole * len(part) / 1797
        assert (part.labels.bincount() - expected).abs().max() < 1.5


def test_the_test_images_are_the_same_whatever_the_arguments() -> None:
    one, other = load(), load(val_fraction=0.3, train_fraction=0.5, split_seed=7)
    assert torch.equal(one.test.images, other.test.images)


def test_another_split_seed_holds_other_images_out_for_validation() -> None:
    assert rows(load(split_seed=1).val.images) != rows(load().val.images)


def test_a_smaller_train_fraction_takes_training_images_away_and_nothing_else() -> None:
    whole, half = load(), load(train_fraction=0.5)
    assert len(half.train) == 611
    assert rows(half.train.images) < rows(whole.train.images)
    assert torch.equal(half.val.images, whole.val.images)


def test_equal_arguments_give_equal_fingerprints_and_others_do_not() -> None:
    assert load().fingerprint() == load().fingerprint()
    assert load().fingerprint() != load(split_seed=1).fingerprint()


def test_a_share_without_room_for_every_class_is_refused_by_field_and_value() -> None:
    with pytest.raises(ValueError, match=r"train_fraction 0\.005 .* cannot divide 1222 images"):
        load(train_fraction=0.005)
    with pytest.raises(ValueError, match=r"val_fraction 0\.001 "):
        load(val_fraction=0.001)
