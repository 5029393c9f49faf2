"""What the children are told: loopback only, and no secret where others could read it."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from service.embedded.api_server import api_server, check_database
from service.embedded.failures import CannotRun
from service.embedded.home import Home
from service.embedded.mlflow_server import mlflow_server
from service.embedded.ray_head import keep_runner_logs, ray_head

TOKEN = "f" * 64


def test_the_ray_token_is_in_the_environment_and_nowhere_else(home: Home) -> None:
    ray = ray_head(TOKEN, 8265, home.folder, cpus=2)
    api = api_server(home, 8000, "http://127.0.0.1:8265", TOKEN, "http://127.0.0.1:5000")
    assert ray.environment["RAY_AUTH_TOKEN"] == TOKEN
    clusters = json.loads(api.environment["SUPSWEEP_CLUSTERS"] or "")
    assert clusters == {"local": {"address": "http://127.0.0.1:8265", "token": TOKEN}}
    for spec in (ray, api):
        assert TOKEN not in " ".join(spec.command)
        assert TOKEN not in repr(spec)


def environment_of_the_api(home: Home) -> dict[str, str | None]:
    return dict(api_server(home, 8000, "http://127.0.0.1:8265", TOKEN, "http://127.0.0.1:5000").environment)


def test_the_api_answers_to_the_names_of_this_machine_alone(home: Home) -> None:
    assert json.loads(environment_of_the_api(home)["SUPSWEEP_ALLOWED_HOSTS"] or "") == ["127.0.0.1", "localhost"]


def test_datasets_may_lie_anywhere_on_ones_own_machine_unless_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPSWEEP_DATASET_ROOTS", raising=False)
    assert environment_of_the_api(home)["SUPSWEEP_DATASET_ROOTS"] == '["/"]'
    monkeypatch.setenv("SUPSWEEP_DATASET_ROOTS", '["/mnt/images"]')
    assert environment_of_the_api(home)["SUPSWEEP_DATASET_ROOTS"] == '["/mnt/images"]'


def test_jobs_find_this_python_first(home: Home) -> None:
    path = ray_head(TOKEN, 8265, home.folder, cpus=None).environment["PATH"]
    assert path is not None
    assert path.split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_cpus_are_rays_own_count_unless_told(home: Home) -> None:
    assert "--num-cpus=3" in ray_head(TOKEN, 8265, home.folder, cpus=3).command
    assert not [word for word in ray_head(TOKEN, 8265, home.folder, cpus=None).command if "num-cpus" in word]


def test_every_server_listens_on_the_loopback_interface(home: Home) -> None:
    assert "--host=127.0.0.1" in mlflow_server(home, 5000).command
    assert "--dashboard-host=127.0.0.1" in ray_head(TOKEN, 8265, home.folder, cpus=None).command
    api = api_server(home, 8000, "http://127.0.0.1:8265", TOKEN, "http://127.0.0.1:5000").command
    assert api[api.index("--host") + 1] == "127.0.0.1"


def test_the_logs_of_runners_outlive_rays_folder(home: Home, tmp_path: Path) -> None:
    logs = tmp_path / "session_latest" / "logs"
    logs.mkdir(parents=True)
    (logs / "job-driver-abc.log").write_text("what the runner said")
    (logs / "raylet.out").write_text("nobody's business")
    keep_runner_logs(tmp_path, home.logs)
    assert [(log.name, log.read_text()) for log in home.logs.iterdir()] == [
        ("job-driver-abc.log", "what the runner said")
    ]


async def _pretend_a_newer_release(home: Home) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{home.folder}/ledger.db")
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'of_a_newer_release'"))
    await engine.dispose()


def test_a_home_of_a_newer_release_is_refused_with_what_to_do(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPSWEEP_DATABASE_URL", raising=False)
    check_database(home)
    check_database(home)
    asyncio.run(_pretend_a_newer_release(home))
    with pytest.raises(CannotRun, match=rf"the database of {home.folder} cannot be used: .*newer release"):
        check_database(home)
