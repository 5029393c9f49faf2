"""SupConLoss against a double loop in float64, at its edges and under what must not change it."""

import math

import pytest
import torch
from fakes.supcon_by_loops import draw, loss_by_loops
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning import losses as metric_learning
from torch.nn.functional import normalize

from trainers.losses.supcon import Summation, SupConLoss

batches = st.builds(
    draw,
    images=st.integers(1, 9),
    views=st.integers(1, 3),
    classes=st.sampled_from([1, 2, 3, 100]),
    seed=st.integers(0, 2**16),
)
temperatures = st.floats(-3, 0).map(lambda exponent: 10**exponent)
summations = st.sampled_from(["out", "in"])
caps = st.one_of(st.none(), st.integers(1, 12))


@settings(max_examples=150, deadline=None)
@given(batches, temperatures, summations, caps, st.one_of(st.just("auto"), st.integers(1, 30)))
def test_loss_and_gradient_equal_the_double_loop(batch, temperature, summation, cap, chunk_size):
    embeddings, labels = batch
    expected = loss_by_loops(embeddings, labels, temperature, summation, cap)
    loss = SupConLoss(temperature, summation=summation, positives_cap=cap, chunk_size=chunk_size)(embeddings, labels)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, embeddings), torch.autograd.grad(expected, embeddings))


@settings(max_examples=40, deadline=None)
@given(batches, temperatures, summations, st.randoms())
def test_order_and_names_of_classes_do_not_matter(batch, temperature, summation, random):
    embeddings, labels = batch
    loss = SupConLoss(temperature, summation=summation)
    expected = loss(embeddings, labels)
    order = torch.tensor(random.sample(range(len(labels)), len(labels)))
    torch.testing.assert_close(loss(embeddings[order].flip(1), labels[order]), expected)
    names = torch.tensor(random.sample(range(-(10**9), 10**9), 100))
    torch.testing.assert_close(loss(embeddings, names[labels]), expected)


@settings(max_examples=40, deadline=None)
@given(batches, temperatures, caps)
def test_the_sum_inside_is_never_above_the_sum_outside(batch, temperature, cap):
    outside, inside = (SupConLoss(temperature, summation=where, positives_cap=cap)(*batch) for where in ("out", "in"))
    assert inside <= outside + 1e-9


@pytest.mark.parametrize("summation", ["out", "in"])
@pytest.mark.parametrize("temperature", [0.001, 0.007, 0.1])
def test_float32_stays_finite_and_right_at_low_temperatures(temperature: float, summation: Summation) -> None:
    embeddings, labels = draw(images=32, views=2, classes=4, seed=0, width=16)
    exact = SupConLoss(temperature, summation=summation)(embeddings, labels)
    (exact_gradient,) = torch.autograd.grad(exact, embeddings)
    single = embeddings.detach().float().requires_grad_()
    loss = SupConLoss(temperature, summation=summation)(single, labels)
    loss.backward()
    assert loss.item() == pytest.approx(exact.item(), rel=1e-5)
    torch.testing.assert_close(single.grad.double(), exact_gradient, rtol=1e-3, atol=1e-5)


def test_identical_embeddings_give_the_loss_of_a_collapse() -> None:
    embeddings = torch.ones(8, 2, 4) / 2
    loss = SupConLoss(temperature=0.1)(embeddings, torch.arange(8) % 2)
    assert loss.item() == pytest.approx(0.1 * math.log(15))


def test_anchors_without_positives_leave_the_mean() -> None:
    embeddings, _ = draw(images=5, views=1, classes=1, seed=3)
    labels = torch.tensor([0, 0, 1, 2, 3])
    loss = SupConLoss(temperature=0.2)(embeddings, labels)
    torch.testing.assert_close(loss, loss_by_loops(embeddings, labels, 0.2))


@pytest.mark.parametrize("summation", ["out", "in"])
@pytest.mark.parametrize("cap", [None, 1])
@pytest.mark.parametrize("images", [1, 6])
def test_no_positives_at_all_give_zero_with_a_zero_gradient(images: int, cap: int | None, summation: Summation) -> None:
    embeddings, _ = draw(images, views=1, classes=1, seed=4)
    loss = SupConLoss(0.001, summation=summation, positives_cap=cap)(embeddings, torch.arange(images))
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert loss.item() == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_scale_is_the_temperature_its_ratio_to_the_base_or_one() -> None:
    embeddings, labels = draw(images=6, views=2, classes=2, seed=7)
    by_paper = SupConLoss(0.1)(embeddings, labels)
    torch.testing.assert_close(SupConLoss(0.1, base_temperature=0.07)(embeddings, labels), by_paper / 0.07)
    torch.testing.assert_close(SupConLoss(0.1, scale_by_temperature=False)(embeddings, labels), by_paper / 0.1)


def test_a_base_temperature_of_an_unscaled_loss_is_refused() -> None:
    with pytest.raises(ValueError, match=r"base_temperature must be none without scale_by_temperature, got 0\.07"):
        SupConLoss(0.1, base_temperature=0.07, scale_by_temperature=False)


@pytest.mark.parametrize("views", [1, 2])
def test_unscaled_it_equals_that_of_pytorch_metric_learning(views: int) -> None:
    """Which averages over the losses above zero: with several classes, those of the anchors that have a positive."""
    embeddings, labels = draw(images=30, views=views, classes=12, seed=9)
    expected = metric_learning.SupConLoss(0.1)(embeddings.flatten(0, 1), labels.repeat_interleave(views))
    loss = SupConLoss(0.1, scale_by_temperature=False)(embeddings, labels)
    torch.testing.assert_close(loss, expected)
    # It normalises the embeddings itself, so its gradient lacks what points away from the sphere.
    (gradient,) = torch.autograd.grad(loss, embeddings)
    along = (gradient * embeddings).sum(2, keepdim=True) * embeddings
    torch.testing.assert_close(gradient - along, torch.autograd.grad(expected, embeddings)[0])


def test_other_views_are_the_first_positives_under_a_cap() -> None:
    """So a cap of one with two views has the positives of SimCLR, and one class has no negatives left."""
    embeddings, _ = draw(images=6, views=2, classes=1, seed=5)
    same_class = torch.zeros(6, dtype=torch.long)
    assert SupConLoss(positives_cap=1)(embeddings, same_class).item() == pytest.approx(0, abs=1e-12)
    by_image = SupConLoss(positives_cap=1)(embeddings, torch.arange(6))
    torch.testing.assert_close(by_image, SupConLoss()(embeddings))


def test_a_cap_that_no_class_reaches_changes_nothing() -> None:
    embeddings, labels = draw(images=8, views=2, classes=3, seed=5)
    torch.testing.assert_close(SupConLoss(positives_cap=15)(embeddings, labels), SupConLoss()(embeddings, labels))


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_half_precision_embeddings_are_computed_in_float32(precision: torch.dtype) -> None:
    embeddings, labels = draw(images=6, views=2, classes=2, seed=8)
    halves = embeddings.detach().to(precision)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = SupConLoss(0.001)(halves, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, SupConLoss(0.001)(halves.float(), labels))


def test_without_labels_the_other_views_are_the_positives() -> None:
    embeddings, _ = draw(images=6, views=3, classes=1, seed=4)
    torch.testing.assert_close(SupConLoss()(embeddings), loss_by_loops(embeddings, torch.arange(6), 0.1))


@pytest.mark.parametrize("temperature", [0.0, -0.1, math.nan])
def test_temperatures_that_are_not_positive_are_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=f"temperature must be > 0, got {temperature}"):
        SupConLoss(temperature)
    with pytest.raises(ValueError, match=f"base_temperature must be > 0, got {temperature}"):
        SupConLoss(0.1, base_temperature=temperature)


def test_wrong_settings_are_refused_with_what_is_accepted() -> None:
    with pytest.raises(ValueError, match="'out' or 'in', got 'both'"):
        SupConLoss(summation="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="positives_cap must be at least 1, or none, got 0"):
        SupConLoss(positives_cap=0)
    with pytest.raises(ValueError, match="chunk_size must be at least 1, 'auto' or 'fused', got 0"):
        SupConLoss(chunk_size=0)


def test_wrong_shapes_are_refused_with_what_came() -> None:
    with pytest.raises(ValueError, match=r"images × views × width, got \(6, 4\)"):
        SupConLoss()(torch.ones(6, 4), torch.zeros(6))
    with pytest.raises(ValueError, match=r"one per image \(6\), got \(12,\)"):
        SupConLoss()(torch.ones(6, 2, 4), torch.zeros(12))


@pytest.mark.parametrize("summation", ["out", "in"])
@pytest.mark.parametrize("cap", [None, 1, 3])
def test_equal_embeddings_cost_what_the_loss_says_of_them(cap: int | None, summation: Summation) -> None:
    loss = SupConLoss(0.2, summation=summation, positives_cap=cap)
    labels = torch.tensor([0, 0, 0, 1, 1, 2])
    equal = normalize(torch.ones(6, 2, 3), dim=2)
    assert loss(equal, labels).item() == pytest.approx(loss.of_equal_embeddings(labels.repeat_interleave(2)), rel=1e-5)
