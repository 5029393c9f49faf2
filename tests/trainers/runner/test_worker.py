"""A worker's process."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.s3 import S3Server

from search_spaces.datasets import DatasetSpec
from trainers.runner.attempt import WorkerLost, attempt_of
from trainers.runner.worker import start_run


@pytest.mark.parametrize(("gpus", "visible"), [(0, ""), (0.5, "3"), (1, "3")])
def test_a_trial_that_asks_for_no_gpu_sees_none(
    gpus: float, visible: str, brief: Callable[..., Any], assignment: Callable[..., Any], monkeypatch: Any
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    start_run(attempt_of(brief(resources={"gpus_per_worker": gpus}), "attempt-000001", assignment()))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible


def test_a_dataset_outside_the_roots_of_the_brief_is_not_opened(
    brief: Callable[..., Any], assignment: Callable[..., Any], tmp_path: Path
) -> None:
    folder = DatasetSpec(name="image_folder", root=str(tmp_path), classes=2, image_size=8)
    with pytest.raises(ValueError, match=r"dataset\.root cannot be .* accepted: folders in none"):
        start_run(attempt_of(brief(), "attempt-000001", assignment(dataset=folder)))
    start_run(attempt_of(brief(dataset_roots=[str(tmp_path)]), "attempt-000001", assignment(dataset=folder)))


def test_a_store_that_refuses_for_a_while_costs_no_attempt(
    brief: Callable[..., Any], assignment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals, pauses = iter([OSError("access denied"), OSError("access denied")]), list[float]()

    def bring(dataset: DatasetSpec, _allowed: object) -> DatasetSpec:
        for refusal in refusals:
            raise refusal
        return dataset

    monkeypatch.setattr("trainers.runner.worker.bring_files", bring)
    monkeypatch.setattr("time.sleep", pauses.append)
    start_run(attempt_of(brief(), "attempt-000001", assignment()))
    assert pauses == [5.0, 10.0]


def test_files_that_cannot_be_fetched_lose_the_attempt_and_do_not_fail_the_trial(
    brief: Callable[..., Any], assignment: Callable[..., Any], s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainers.build.dataset_files.TRIES", 1)
    monkeypatch.setattr("trainers.runner.worker.PAUSES_SECONDS", (0.0,))
    dataset = DatasetSpec(name="image_folder", root=f"s3://{s3.bucket}/data", classes=2, image_size=8)
    s3.stop()
    with pytest.raises(WorkerLost, match=r"the files of s3://bucket-.*/data cannot be fetched: .* connect to server"):
        start_run(attempt_of(brief(dataset_roots=[s3.url()]), "attempt-000001", assignment(dataset=dataset)))
