"""From one command to a report, every part real: API, ledger, Ray Jobs, Ray Tune, trainers, MLflow."""

import re

import pytest
from fakes.machine import Machine

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.ray]


def test_demo_ends_with_a_balanced_report(machine: Machine) -> None:
    demo = machine.run("demo", "--preset", "digits_smoke", "--configurations", "3")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Traceback" not in demo.stdout + demo.stderr
    assert len(re.findall(r"supcon \d/3", demo.stdout)) == 3
    (page,) = (machine.home / "reports").glob("digits-smoke-*.html")
    assert "<script" in page.read_text()
    assert not machine.processes()
