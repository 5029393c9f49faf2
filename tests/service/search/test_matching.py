"""What each arm trains for once arms are matched."""

import pytest

from search_spaces.design import Design
from search_spaces.objectives import views_per_image
from search_spaces.trial_config import TrialConfig
from service.search.matching import CannotMatch, match_arms

PASSES = Design(match="image_passes")


def _config(objective: str, epochs: int, warmup_epochs: float = 1.0) -> TrialConfig:
    return TrialConfig.model_validate({"objective": objective, "epochs": epochs, "warmup_epochs": warmup_epochs})


def _matched_epochs(supcon_epochs: int, cross_entropy_epochs: int) -> tuple[int, int]:
    configs = {"s": _config("supcon", supcon_epochs), "c": _config("cross_entropy", cross_entropy_epochs)}
    matched = match_arms(PASSES, configs)
    return matched["s"].epochs, matched["c"].epochs


def test_one_view_trains_twice_the_epochs_of_two() -> None:
    assert _matched_epochs(15, 15) == (15, 30)


def test_an_arm_that_passes_most_already_keeps_its_epochs() -> None:
    assert _matched_epochs(15, 40) == (20, 40)


def test_epochs_are_rounded_up() -> None:
    assert _matched_epochs(15, 31) == (16, 31)


def test_no_arm_trains_less_and_passes_differ_by_less_than_an_epoch() -> None:
    for supcon_epochs in range(1, 30):
        for cross_entropy_epochs in range(1, 30):
            supcon, cross_entropy = _matched_epochs(supcon_epochs, cross_entropy_epochs)
            assert supcon >= supcon_epochs
            assert cross_entropy >= cross_entropy_epochs
            assert 0 <= views_per_image(_config("supcon", 1).objective) * supcon - cross_entropy < 2


def test_warm_up_keeps_its_share_of_the_epochs() -> None:
    configs = {"s": _config("supcon", 10, 0.0), "c": _config("cross_entropy", 10, 1.5)}
    matched = match_arms(PASSES, configs)
    assert (matched["s"].warmup_epochs, matched["c"].warmup_epochs) == (0.0, 3.0)


def test_matching_by_epochs_changes_nothing() -> None:
    configs = {"s": _config("supcon", 15), "c": _config("cross_entropy", 20)}
    assert match_arms(Design(match="epochs"), configs) == configs


def test_matching_by_device_seconds_gives_every_arm_the_same_and_leaves_the_rest() -> None:
    configs = {"s": _config("supcon", 15), "c": _config("cross_entropy", 20)}
    matched = match_arms(Design(match="device_seconds", device_seconds=90), configs)
    assert {arm: config.device_seconds for arm, config in matched.items()} == {"s": 90.0, "c": 90.0}
    assert {arm: config.model_copy(update={"device_seconds": None}) for arm, config in matched.items()} == configs


def test_more_epochs_than_a_trial_may_have_are_refused_in_a_sentence() -> None:
    configs = {"s": _config("supcon", 6000), "c": _config("cross_entropy", 10)}
    with pytest.raises(CannotMatch, match=r"arm 'c' 12,000 epochs; accepted: at most 10,000"):
        match_arms(PASSES, configs)
