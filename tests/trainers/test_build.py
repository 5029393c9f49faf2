"""TrialConfig → objects."""

import pytest
import torch

from search_spaces.datasets import DatasetSpec
from search_spaces.objectives import Objective as ObjectiveName
from search_spaces.objectives import views_per_image
from search_spaces.sweep_spec import Evaluation
from search_spaces.sweep_spec import Probe as ProbeSpec
from search_spaces.trial_config import TrialConfig
from trainers.build.trial import BuiltTrial, build_trial
from trainers.contrastive import Contrastive
from trainers.cross_entropy import CrossEntropy
from trainers.distributed import World
from trainers.evaluation.probes import SgdProbe
from trainers.momentum_contrast import MomentumContrast
from trainers.optimizers.lars import Lars


def build(**fields: object) -> BuiltTrial:
    config = TrialConfig.model_validate({"objective": "supcon", **fields})
    return build_trial(config, DatasetSpec(name="digits"), Evaluation())


def weights(trial: BuiltTrial) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in trial.training.objective.parameters()])


@pytest.mark.usefixtures("on_cpu")
def test_the_supcon_parts_carry_their_fields() -> None:
    objective = build(temperature=0.3, base_temperature=0.6, projection="linear", projection_dim=17).training.objective
    assert isinstance(objective, Contrastive)
    assert (objective.loss.temperature, objective.loss.scale) == (0.3, 0.5)
    assert objective.projection(torch.rand(2, 64)).shape == (2, 17)


@pytest.mark.parametrize(
    ("fields", "summation"),
    [
        ({}, "out"),
        ({"loss_summation": "in"}, "in"),
        ({"objective": "supcon_in"}, "in"),
        ({"objective": "simclr"}, "out"),
    ],
)
def test_the_positives_are_summed_where_the_objective_says(fields: dict[str, str], summation: str) -> None:
    objective = build(**fields).training.objective
    assert isinstance(objective, Contrastive)
    assert objective.loss.summation == summation


def test_the_cross_entropy_parts_carry_their_fields() -> None:
    objective = build(objective="cross_entropy", label_smoothing=0.15).training.objective
    assert isinstance(objective, CrossEntropy)
    assert objective.label_smoothing == 0.15


def test_the_optimizer_gets_the_peak_learning_rate() -> None:
    training = build(optimizer="lars", batch_size=128, learning_rate_multiplier=3.0, momentum=0.8).training
    assert isinstance(training.optimizer, Lars)
    assert training.scheduler.base_lrs == pytest.approx([4.0 / 2 * 3] * 2)
    assert training.optimizer.param_groups[0]["momentum"] == 0.8


def test_the_schedule_spans_the_whole_run_after_its_warm_up() -> None:
    training = build(epochs=4, warmup_epochs=0.4, batch_size=256).training
    rates = []
    for _ in range(20):  # five steps an epoch
        rates.append(training.scheduler.get_last_lr()[0])
        training.optimizer.step()
        training.scheduler.step()
    assert rates.index(max(rates)) == 2
    assert max(rates) == pytest.approx(0.5)
    assert rates[11] == pytest.approx(0.25)  # half of the way down the cosine
    assert training.scheduler.get_last_lr()[0] == pytest.approx(0)


def test_equal_seeds_give_equal_weights_whatever_the_state_of_pytorch() -> None:
    torch.manual_seed(1)
    one = weights(build(seed=5))
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert torch.equal(weights(build(seed=5)), one)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(weights(build(seed=6)), one)


def test_the_arms_of_a_pair_see_the_images_in_the_same_order() -> None:
    one, other = build(seed=5).training, build(seed=5, objective="cross_entropy").training
    assert torch.equal(one.order.get_state(), other.order.get_state())
    assert not torch.equal(one.order.get_state(), one.augmentation.get_state())


def test_the_fingerprint_depends_on_configuration_and_images() -> None:
    config = TrialConfig.model_validate({"objective": "supcon"})
    other_images = build_trial(config, DatasetSpec(name="digits", split_seed=1), Evaluation())
    assert build().fingerprint == build().fingerprint
    assert len({build().fingerprint, build(temperature=0.2).fingerprint, other_images.fingerprint}) == 3


def test_a_field_that_a_later_release_adds_leaves_the_fingerprint() -> None:
    class LaterConfig(TrialConfig):
        invented_later: float = 0.5

    later = LaterConfig.model_validate({"objective": "supcon"})
    assert build_trial(later, DatasetSpec(name="digits"), Evaluation()).fingerprint == build().fingerprint


def test_a_batch_larger_than_the_training_images_is_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match="batch_size 1223 is more than the 1222 training images"):
        build(batch_size=1223)


def test_every_objective_of_the_vocabulary_is_built() -> None:
    for objective in ObjectiveName:
        assert build(objective=objective.value).training.objective.views_per_image == views_per_image(objective)


def test_a_queue_makes_it_momentum_contrast() -> None:
    objective = build(queue_size=32, key_momentum=0.9, projection="none").training.objective
    assert isinstance(objective, MomentumContrast)
    assert objective.queue_keys.shape == (32, 64)


def test_workers_without_two_images_of_a_batch_are_refused() -> None:
    config = TrialConfig.model_validate({"objective": "supcon", "batch_size": 6})
    with pytest.raises(ValueError, match="batch_size 6 leaves 4 workers less than 2 images each; accepted: 8 … 1222"):
        build_trial(config, DatasetSpec(name="digits"), Evaluation(), World(0, 4))


def test_label_noise_is_in_the_training_labels_alone_and_the_same_for_both_arms_of_a_pair() -> None:
    clean, noisy = build().splits, build(label_noise=0.3).splits
    other = build(label_noise=0.3, objective="cross_entropy").splits
    wrong = (noisy.train.labels != clean.train.labels).float().mean().item()
    assert wrong == pytest.approx(0.3, abs=1e-3)
    assert torch.equal(noisy.train.labels, other.train.labels)
    assert torch.equal(noisy.val.labels, clean.val.labels)


def test_the_probe_is_the_one_that_the_spec_names() -> None:
    trial = build_trial(
        TrialConfig.model_validate({"objective": "supcon", "probe_epochs": 3}),
        DatasetSpec(name="digits"),
        Evaluation(probe=ProbeSpec(kind="sgd")),
    )
    assert isinstance(trial.training.objective, Contrastive)
    probe = trial.training.objective._probe
    assert isinstance(probe, SgdProbe)
    assert (probe.epochs, probe.optimizer, probe.batch_size) == (3, "sgd", 256)
