"""SupConLoss against a double loop in float64, at its edges and under what must not change it."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from trainers.losses import log_sum_exp
from trainers.losses.supcon import Summation, SupConLoss


def loss_by_loops(embeddings_BVD: Tensor, labels_B: Tensor, temperature: float) -> Tensor:
    """Eq. 2 of arXiv:2004.11362 as it is written, times τ."""
    images, views, _ = embeddings_BVD.shape
    rows = [(embeddings_BVD[image, view], int(labels_B[image])) for image in range(images) for view in range(views)]
    losses = []
    for anchor, (z, label) in enumerate(rows):
        others = [row for other, row in enumerate(rows) if other != anchor]
        positives = [other for other, other_label in others if other_label == label]
        if not positives:
            continue
        log_normaliser = torch.stack([z @ other / temperature for other, _ in others]).logsumexp(0)
        losses.append(sum(log_normaliser - z @ positive / temperature for positive in positives) / len(positives))
    return temperature * sum(losses) / len(losses)


def draw(images: int, views: int, classes: int, seed: int, width: int = 5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = normalize(torch.randn(images, views, width, generator=generator, dtype=torch.float64), dim=2)
    return embeddings.requires_grad_(), torch.randint(classes, (images,), generator=generator)


SHAPES = [(2, 2, 1), (5, 2, 3), (7, 1, 2), (6, 3, 6), (9, 2, 100), (1, 2, 1), (4, 5, 2)]


@pytest.mark.parametrize("temperature", [0.001, 0.01, 0.07, 0.1, 0.5, 1.0])
@pytest.mark.parametrize(("images", "views", "classes"), SHAPES)
def test_loss_and_gradient_equal_the_double_loop(images: int, views: int, classes: int, temperature: float) -> None:
    embeddings, labels = draw(images, views, classes, seed=images)
    expected = loss_by_loops(embeddings, labels, temperature)
    (expected_gradient,) = torch.autograd.grad(expected, embeddings)
    loss = SupConLoss(temperature)(embeddings, labels)
    (gradient,) = torch.autograd.grad(loss, embeddings)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, expected_gradient)


@pytest.mark.parametrize("temperature", [0.001, 0.007, 0.1])
def test_float32_stays_finite_and_right_at_low_temperatures(temperature: float) -> None:
    embeddings, labels = draw(images=32, views=2, classes=4, seed=0, width=16)
    exact = SupConLoss(temperature)(embeddings, labels)
    (exact_gradient,) = torch.autograd.grad(exact, embeddings)
    single = embeddings.detach().float().requires_grad_()
    loss = SupConLoss(temperature)(single, labels)
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


@pytest.mark.parametrize("images", [1, 6])
@pytest.mark.parametrize("temperature", [0.001, 1.0])
def test_no_positives_at_all_give_zero_with_a_zero_gradient(images: int, temperature: float) -> None:
    embeddings, _ = draw(images, views=1, classes=1, seed=4)
    loss = SupConLoss(temperature)(embeddings, torch.arange(images))
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert loss.item() == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_order_of_images_and_views_does_not_matter() -> None:
    embeddings, labels = draw(images=10, views=3, classes=3, seed=5)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(5))
    loss = SupConLoss()
    torch.testing.assert_close(loss(embeddings[order].flip(1), labels[order]), loss(embeddings, labels))


def test_names_of_classes_do_not_matter() -> None:
    embeddings, labels = draw(images=10, views=2, classes=3, seed=6)
    loss = SupConLoss()
    assert torch.equal(loss(embeddings, torch.tensor([-7, 10**9, 3])[labels]), loss(embeddings, labels))


def test_base_temperature_scales_by_the_ratio_of_temperatures() -> None:
    embeddings, labels = draw(images=6, views=2, classes=2, seed=7)
    by_paper, by_ratio = SupConLoss(0.1)(embeddings, labels), SupConLoss(0.1, base_temperature=0.07)(embeddings, labels)
    torch.testing.assert_close(by_ratio, by_paper / 0.07)


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_half_precision_embeddings_are_computed_in_float32(precision: torch.dtype) -> None:
    embeddings, labels = draw(images=6, views=2, classes=2, seed=8)
    halves = embeddings.detach().to(precision)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = SupConLoss(0.001)(halves, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, SupConLoss(0.001)(halves.float(), labels))


@pytest.mark.parametrize("temperature", [0.0, -0.1, math.nan])
def test_temperatures_that_are_not_positive_are_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=f"temperature must be > 0, got {temperature}"):
        SupConLoss(temperature)
    with pytest.raises(ValueError, match=f"base_temperature must be > 0, got {temperature}"):
        SupConLoss(0.1, base_temperature=temperature)


def test_wrong_shapes_are_refused_with_what_came() -> None:
    with pytest.raises(ValueError, match=r"images × views × width, got \(6, 4\)"):
        SupConLoss()(torch.ones(6, 4), torch.zeros(6))
    with pytest.raises(ValueError, match=r"one per image \(6\), got \(12,\)"):
        SupConLoss()(torch.ones(6, 2, 4), torch.zeros(12))


def inner_loss_by_loops(embeddings_BVD: Tensor, labels_B: Tensor, temperature: float) -> Tensor:
    """Eq. 3 of arXiv:2004.11362 as it is written, times τ."""
    rows, labels = embeddings_BVD.flatten(0, 1), labels_B.repeat_interleave(embeddings_BVD.shape[1])
    losses = []
    for anchor, z in enumerate(rows):
        others = [other for other in range(len(rows)) if other != anchor]
        positives = [other for other in others if labels[other] == labels[anchor]]
        if not positives:
            continue
        over_all = torch.stack([z @ rows[other] / temperature for other in others]).logsumexp(0)
        over_positives = torch.stack([z @ rows[other] / temperature for other in positives]).logsumexp(0)
        losses.append(over_all - over_positives + math.log(len(positives)))
    return temperature * sum(losses) / len(losses)


@pytest.mark.parametrize("temperature", [0.001, 0.1, 1.0])
@pytest.mark.parametrize(("images", "views", "classes"), SHAPES)
def test_summation_inside_equals_its_double_loop(images: int, views: int, classes: int, temperature: float) -> None:
    embeddings, labels = draw(images, views, classes, seed=images)
    expected = inner_loss_by_loops(embeddings, labels, temperature)
    (expected_gradient,) = torch.autograd.grad(expected, embeddings)
    loss = SupConLoss(temperature, summation="in")(embeddings, labels)
    (gradient,) = torch.autograd.grad(loss, embeddings)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, expected_gradient)
    assert loss <= SupConLoss(temperature)(embeddings, labels) + 1e-9


def test_without_labels_the_other_views_are_the_positives() -> None:
    embeddings, _ = draw(images=6, views=3, classes=1, seed=4)
    torch.testing.assert_close(SupConLoss()(embeddings), loss_by_loops(embeddings, torch.arange(6), 0.1))


@pytest.mark.parametrize("summation", ["out", "in"])
@pytest.mark.parametrize("pairs", [1, 50, 100, 10_000])
def test_the_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch, summation: Summation, pairs: int) -> None:
    embeddings, labels = draw(images=9, views=2, classes=3, seed=5)
    monkeypatch.setattr(log_sum_exp, "PAIRS_PER_CHUNK", pairs)
    loss = SupConLoss(0.1, summation=summation)(embeddings, labels)
    by_loops = loss_by_loops if summation == "out" else inner_loss_by_loops
    expected = by_loops(embeddings, labels, 0.1)
    torch.testing.assert_close(torch.autograd.grad(loss, embeddings), torch.autograd.grad(expected, embeddings))


def test_an_unknown_summation_is_refused_with_what_is_accepted() -> None:
    with pytest.raises(ValueError, match="'out' or 'in', got 'both'"):
        SupConLoss(summation="both")  # type: ignore[arg-type]
