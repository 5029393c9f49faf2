"""schemathesis over the OpenAPI document: no server error, no undocumented answer, nothing wrong accepted.

`pytest -s tests/service/api/test_schemathesis.py` shows what was tested; SCHEMATHESIS_EXAMPLES=100 tests longer.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.ledger import Clock, World
from fakes.populated import Population, populate
from fakes.running_service import running_service

from search_spaces.presets import PRESETS
from service.db.database import Database
from service.db.migrations import upgrade
from service.settings import Settings
from service.webhooks.addresses import Addresses
from service.webhooks.postman import Postman

CONFIGURATION = Path(__file__).parent / "schemathesis.toml"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "6")
METRICS_TOKEN = "metrics"
# Nobody reconciles, so that every sweep stays in its state until a request changes it.
SETTINGS = {"role": "api", "requests_per_second": 0, "failures_per_minute": 1e9, "metrics_token": METRICS_TOKEN}


@pytest.mark.slow
def test_nothing_that_can_be_sent_breaks_the_api(tmp_path: Path) -> None:
    population = asyncio.run(populated(tmp_path))
    # Nobody reconciles, so that every sweep stays in its state until a request changes it.
    with running_service(
        tmp_path, role="api", requests_per_second=0, failures_per_minute=1e9, metrics_token=METRICS_TOKEN
    ) as service:
        parts = service.app.state.parts
        parts.postman = Postman(parts.vault, Addresses(True, True, resolve_to_this_machine))
        environment = {
            "API_KEY": service.api_key,
            "RUNNER_TOKEN": population.runners[0].opened.token,
            "METRICS_TOKEN": METRICS_TOKEN,
        }
        write_ids(population, tmp_path)
        shutil.copy(CONFIGURATION, tmp_path)
        finished = subprocess.run(command(service.url), cwd=tmp_path, env=os.environ | environment, check=False)
    assert finished.returncode == 0


def command(url: str) -> list[str]:
    """Every phase and every check, the same requests each time."""
    return [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIGURATION.name),
        *("run", f"{url}/openapi.json", "--mode", "all", "--max-examples", EXAMPLES),
        *("--generation-deterministic", "--continue-on-failure", "--no-color"),
    ]


async def populated(home: Path) -> Population:
    """What there is, in the database that the service is going to have."""
    settings = Settings(home=home)
    database = Database(settings.effective_database_url)
    await upgrade(database)
    population = await populate(World(database, settings, Clock(datetime.now(UTC) - timedelta(hours=1))))
    await database.close()
    return population


def write_ids(population: Population, folder: Path) -> None:
    """A file for each kind of id, one a line."""
    for name, ids in ids_of(population):
        (folder / f"{name}.txt").write_text("".join(f"{json.dumps(one)}\n" for one in ids))


def ids_of(population: Population) -> Iterable[tuple[str, Iterable[str]]]:
    yield "sweeps", population.sweeps.values()
    yield "keys", population.keys
    yield "webhooks", population.webhooks
    yield "runners", [runner.opened.runner_id for runner in population.runners]
    yield "presets", PRESETS
    yield "clusters", ["local"]


async def resolve_to_this_machine(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]
