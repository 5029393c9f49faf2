"""Secrets are made on the spot, and are nowhere else."""

import subprocess

import pytest
from fakes.kubernetes import KUBERAY, OVERLAYS, render


def test_no_secret_is_in_the_tree() -> None:
    rendered = [
        one
        for folder in (*[f"overlays/{name}" for name in OVERLAYS], "base", "ray/cpu", "ray/gpu")
        for one in render(folder)
    ]
    assert "Secret" not in {one["kind"] for one in rendered}


@pytest.mark.parametrize(
    ("overlay", "sentence"),
    [
        ("production", "SUPSWEEP_DATABASE_URL: is the database of the ledger: postgresql+asyncpg://"),
        ("staging", "staging is no overlay; accepted: try, production"),
    ],
)
def test_a_secret_that_cannot_be_made_is_said_in_one_line(overlay: str, sentence: str) -> None:
    run = subprocess.run(
        ["sh", KUBERAY / "secrets.sh", overlay],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert sentence in run.stderr
    assert len(run.stderr.splitlines()) == 1
