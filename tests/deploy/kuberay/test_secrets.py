"""Secrets are made on the spot, and are nowhere else."""

import subprocess

import pytest
from fakes.kubernetes import KUBERAY, OVERLAYS, named, render, secrets_of


def test_no_secret_is_in_the_tree() -> None:
    rendered = [
        one
        for folder in (*[f"overlays/{name}" for name in OVERLAYS], "base", "ray/cpu", "ray/gpu")
        for one in render(folder)
    ]
    assert "Secret" not in {one["kind"] for one in rendered}


def test_who_calls_the_bucket_has_all_that_was_said_of_it() -> None:
    assert named(secrets_of("production"), "Secret", "s3")["stringData"] == {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }


def test_a_region_needs_no_key_and_no_secret_of_s3_is_made_of_nothing() -> None:
    databases = {"SUPSWEEP_DATABASE_URL": "postgresql+asyncpg://db/a", "MLFLOW_BACKEND_STORE_URI": "postgresql://db/b"}
    assert "name: s3" not in made_with(databases)
    assert "name: s3" in made_with({**databases, "AWS_DEFAULT_REGION": "eu-central-1"})


def made_with(variables: dict[str, str]) -> str:
    """What secrets.sh writes for production with these in its environment."""
    environment = {"PATH": "/usr/bin:/bin", **variables}
    return subprocess.check_output(["sh", KUBERAY / "secrets.sh", "production"], text=True, env=environment)


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
