"""A worker's process."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from trainers.runner.attempt import attempt_of
from trainers.runner.worker import start_run


@pytest.mark.parametrize(("gpus", "visible"), [(0, ""), (0.5, "3"), (1, "3")])
def test_a_trial_that_asks_for_no_gpu_sees_none(
    gpus: float, visible: str, brief: Callable[..., Any], assignment: Callable[..., Any], monkeypatch: Any
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    start_run(attempt_of(brief(resources={"gpus_per_worker": gpus}), "attempt-000001", assignment()))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
