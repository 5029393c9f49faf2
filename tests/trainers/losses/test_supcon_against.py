"""SupConLoss.against: anchors and keys that differ, as several workers and a memory queue have them."""

import pytest
import torch
from fakes.supcon_by_loops import draw, losses_by_loops
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trainers.losses import log_sum_exp
from trainers.losses.supcon import Summation, SupConLoss


def gradient_of_shares(loss: SupConLoss, embeddings_BVD: Tensor, labels_B: Tensor, workers: int) -> Tensor:
    """What a gather with gradients hands back: the sum of every worker's gradient, by its anchors and by all keys."""
    rows, labels = embeddings_BVD.flatten(0, 1), labels_B.repeat_interleave(embeddings_BVD.shape[1])
    shares = [
        loss.against(rows[own], labels[own], rows, labels, own, views_per_image=embeddings_BVD.shape[1])
        for own in torch.arange(len(rows)).chunk(workers)
    ]
    anchors = sum(share.anchors for share in shares)
    return sum(torch.autograd.grad(share.total / anchors, embeddings_BVD, retain_graph=True)[0] for share in shares)


@pytest.mark.parametrize("summation", ["out", "in"])
@pytest.mark.parametrize("cap", [None, 3])
@pytest.mark.parametrize("temperature", [0.01, 0.1])
def test_gradients_of_four_workers_add_up_to_that_of_one(
    temperature: float, cap: int | None, summation: Summation
) -> None:
    embeddings, labels = draw(images=32, views=2, classes=20, seed=1, width=16, dtype=torch.float32)
    loss = SupConLoss(temperature, summation=summation, positives_cap=cap)
    (exact,) = torch.autograd.grad(loss(embeddings, labels), embeddings)
    shared = gradient_of_shares(loss, embeddings, labels, workers=4)
    assert torch.cosine_similarity(shared.flatten(), exact.flatten(), dim=0) > 0.99999
    assert (shared.norm() / exact.norm()).item() == pytest.approx(1, abs=1e-5)


def test_shares_add_up_to_the_loss_even_where_one_has_no_positives() -> None:
    rows = draw(images=6, views=1, classes=1, seed=2)[0].flatten(0, 1)
    labels = torch.tensor([0, 1, 2, 3, 3, 3])
    loss = SupConLoss()
    shares = [loss.against(rows[own], labels[own], rows, labels, own) for own in (torch.arange(3), torch.arange(3, 6))]
    assert [share.anchors.item() for share in shares] == [0, 3]
    assert shares[0].mean().item() == 0
    torch.testing.assert_close(sum(share.total for share in shares) / 3, loss(rows[:, None], labels))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    anchors=st.integers(1, 8),
    keys=st.integers(1, 12),
    classes=st.sampled_from([1, 2, 50]),
    temperature=st.sampled_from([0.001, 0.1, 1.0]),
    summation=st.sampled_from(["out", "in"]),
    cap=st.one_of(st.none(), st.integers(1, 4)),
    chunk_size=st.one_of(st.just("auto"), st.integers(1, 9)),
)
def test_foreign_keys_equal_the_double_loop(seed, anchors, keys, classes, temperature, summation, cap, chunk_size):
    (x, x_labels), (k, k_labels) = draw(anchors, 1, classes, seed), draw(keys, 1, classes, seed + 1)
    x_rows, k_rows = x.flatten(0, 1), k.flatten(0, 1)
    losses = losses_by_loops(
        (x_rows, x_labels.tolist()), (k_rows, k_labels.tolist()), [None] * anchors, temperature, summation, cap
    )
    expected = temperature * sum(losses, 0 * (x.sum() + k.sum()))
    loss = SupConLoss(temperature, summation=summation, positives_cap=cap, chunk_size=chunk_size)
    total, count = loss.against(x_rows, x_labels, k_rows, k_labels)
    assert count == len(losses)
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(torch.autograd.grad(total, (x, k)), torch.autograd.grad(expected, (x, k)))


def test_queue_behind_the_batch_gets_no_gradient_and_costs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = (part.flatten(0, 1) if part.dim() > 1 else part for part in draw(8, 1, 3, seed=3))
    queue, queue_labels = draw(20, 1, 3, seed=4)
    keys = torch.cat([rows.detach(), queue.detach().flatten(0, 1)])
    key_labels = torch.cat([labels, queue_labels])
    expected = sum(losses_by_loops((rows, labels.tolist()), (keys, key_labels.tolist()), list(range(8)), 0.1))

    products = []
    monkeypatch.setattr(torch.Tensor, "addmm_", lambda *_: products.append("by keys"))
    total, _ = SupConLoss(0.1).against(rows, labels, keys, key_labels, torch.arange(8))
    assert not products
    torch.testing.assert_close(total, 0.1 * expected)
    torch.testing.assert_close(torch.autograd.grad(total, rows), torch.autograd.grad(0.1 * expected, rows))


@pytest.mark.parametrize("pairs", [1, 50, 10_000])
def test_number_of_pairs_held_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch, pairs: int) -> None:
    embeddings, labels = draw(images=9, views=2, classes=3, seed=5)
    expected = SupConLoss()(embeddings, labels)
    monkeypatch.setitem(log_sum_exp.PAIRS_PER_CHUNK, "cpu", pairs)
    torch.testing.assert_close(SupConLoss()(embeddings, labels), expected)


def test_worker_without_anchors_has_a_share_of_zero() -> None:
    embeddings, labels = draw(images=4, views=1, classes=2, seed=6)
    rows = embeddings.flatten(0, 1)
    total, count = SupConLoss().against(rows[:0], labels[:0], rows, labels, torch.arange(0))
    assert (total.item(), count.item()) == (0, 0)
    assert torch.equal(torch.autograd.grad(total, embeddings)[0], torch.zeros_like(embeddings))


def test_rows_that_do_not_fit_are_refused_with_what_came() -> None:
    rows, labels = torch.ones(3, 4), torch.zeros(3)
    with pytest.raises(ValueError, match=r"keys must have the shape rows × width, got \(3, 1, 4\)"):
        SupConLoss().against(rows, labels, rows[:, None], labels)
    with pytest.raises(ValueError, match=r"anchor labels must be one per anchor \(3\), got \(2,\)"):
        SupConLoss().against(rows, labels[:2], rows, labels)
    with pytest.raises(ValueError, match="at least one key"):
        SupConLoss().against(rows, labels, rows[:0], labels[:0])
