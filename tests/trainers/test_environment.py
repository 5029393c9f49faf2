"""What a trial runs on."""

import platform

import pytest
import torch

from search_spaces.runner_protocol import TrialEnding
from trainers import environment
from trainers.environment import facts_of

CPU = torch.device("cpu")


def test_a_cpu_is_told_with_its_machine_and_its_software() -> None:
    facts = facts_of(CPU)
    assert (facts["device"], facts["host"]) == (platform.machine(), platform.node())
    assert (facts["python"], facts["torch"]) == (platform.python_version(), torch.__version__)
    assert f"torch {torch.__version__.partition('+')[0]}" in facts["packages"]
    assert "cuda" not in facts
    assert "driver" not in facts


def test_facts_fit_into_an_ending() -> None:
    TrialEnding.model_validate(
        {"tune_trial_id": "t", "outcome": "completed", "facts": facts_of(CPU), "attempt_device_seconds": 1.0}
    )


def test_what_is_not_installed_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PACKAGES", ("torch", "no-such-package"))
    environment._packages.cache_clear()
    assert facts_of(CPU)["packages"].startswith("torch ")
    assert "no-such" not in facts_of(CPU)["packages"]
    environment._packages.cache_clear()


def test_code_without_a_revision_tells_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "git_revision", lambda: None)
    assert "revision" not in facts_of(CPU)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_told_with_its_driver() -> None:
    facts = facts_of(torch.device("cuda"))
    assert facts["device"] == torch.cuda.get_device_name()
    assert (facts["cuda"], bool(facts["driver"])) == (torch.version.cuda, True)
