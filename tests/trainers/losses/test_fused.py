"""The Triton kernels against the chunked log-sum-exp: interpreted on a CPU, compiled for an H100, run on a GPU."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from fakes.supcon_by_loops import draw

from trainers.losses.log_sum_exp import WIDEST_FUSED
from trainers.losses.supcon import SupConLoss

triton = pytest.importorskip("triton")

BATCHES = [(36, 2, 5, 24), (3, 1, 2, 5), (20, 2, 100, 16)]
"""Images, views, classes, width: beyond a block and less than one, powers of two and none."""


def compare_with_chunks(device: str) -> None:
    """Loss and gradient of the batch itself, and of anchors against foreign keys."""
    rules = itertools.product(("out", "in"), (None, 2), (0.001, 0.1), BATCHES)
    for summation, cap, temperature, (images, views, classes, width) in rules:
        embeddings, labels = draw(images, views, classes, seed=images, width=width, dtype=torch.float32)
        embeddings, labels = embeddings.detach().to(device).requires_grad_(), labels.to(device)
        queue, queue_labels = embeddings[: images // 2, 0], labels[: images // 2]
        results = []
        for chunk_size in (7, "fused"):
            loss = SupConLoss(temperature, summation=summation, positives_cap=cap, chunk_size=chunk_size)
            inside, foreign = loss(embeddings, labels), loss.against(embeddings[:, 0], labels, queue, queue_labels)
            gradients = [torch.autograd.grad(total, embeddings)[0] for total in (inside, foreign.total)]
            results.append([inside, foreign.total, *gradients])
        torch.testing.assert_close(results[1], results[0], rtol=1e-6 / temperature, atol=1e-5)


def test_interpreted_kernels_give_the_numbers_of_the_chunks() -> None:
    """In a process of its own, for triton reads the variable when it decorates the kernels."""
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(["", *sys.path])}
    command = [sys.executable, str(Path(__file__))]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_kernels_on_a_gpu_give_the_numbers_of_the_chunks() -> None:
    compare_with_chunks("cuda")


@pytest.mark.parametrize("precision", ["ieee", "tf32"])
@pytest.mark.parametrize("name", ["by_anchor_kernel", "by_key_kernel"])
def test_kernels_compile_for_an_h100(
    name: str, precision: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    fused = pytest.importorskip("trainers.losses.fused")
    kernel = getattr(fused, name)
    constants = {"BLOCK_D": WIDEST_FUSED, "BLOCK_I": fused.BLOCK_I, "BLOCK_J": fused.BLOCK_J, "PRECISION": precision}
    constants |= {"POSITIVES_ONLY": True, "CAPPED": True, "WANTS_MEANS": True}
    constants = {argument: value for argument, value in constants.items() if argument in kernel.arg_names}
    signature = {argument: _type_of(argument, constants) for argument in kernel.arg_names}
    source = triton.compiler.ASTSource(kernel, signature=signature, constexprs=constants)
    target = triton.backends.compiler.GPUTarget("cuda", 90, 32)
    compiled = triton.compile(source, target=target, options={"num_warps": fused.WARPS})
    assert compiled.asm["cubin"]
    assert compiled.metadata.shared <= 99 * 1024


def _type_of(argument: str, constants: dict[str, object]) -> str:
    if argument in constants:
        return "constexpr"
    if not argument.endswith("_ptr"):
        return "fp32" if argument == "sharpness" else "i32"
    is_float = argument in {"anchors_ptr", "keys_ptr", "weights_ptr", "log_sums_ptr", "means_ptr", "sums_ptr"}
    return "*fp32" if is_float else "*i32"


@pytest.mark.parametrize("embeddings", [torch.ones(2, 2, 4, dtype=torch.float64), torch.ones(2, 2, 129)])
def test_what_does_not_fit_the_kernels_is_refused(embeddings: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"'fused' takes float32 up to 128 wide, got torch\.float\d\d, \d+ wide"):
        SupConLoss(chunk_size="fused")(embeddings)


if __name__ == "__main__":
    compare_with_chunks("cpu")
