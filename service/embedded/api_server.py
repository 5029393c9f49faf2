"""The API as a child process, told of the local Ray head and MLflow server by its environment."""

import asyncio
import json
import sys

from service.db.database import Database
from service.db.migrations import upgrade
from service.embedded.children import ChildSpec
from service.embedded.failures import CannotRun
from service.embedded.home import Home
from service.embedded.ports import LOOPBACK
from service.errors import SweepServiceError
from service.settings import SettingsRefused, read_settings

READY_SECONDS = 60.0


def check_database(home: Home) -> None:
    """Brings the ledger's database up to date. Raises CannotRun where that cannot be, as for one of a newer release."""
    try:
        asyncio.run(_upgrade(home))
    except SettingsRefused as error:
        raise CannotRun(str(error)) from None
    except SweepServiceError as error:
        raise CannotRun(f"the database of {home.folder} cannot be used: {error.detail}") from error


def api_server(home: Home, port: int, ray_url: str, ray_token: str, mlflow_url: str) -> ChildSpec:
    """The API on that port of the loopback interface."""
    url = f"http://{LOOPBACK}:{port}"
    return ChildSpec(
        name="api",
        title="the API",
        command=[sys.executable, "-m", "service.serve", "--host", LOOPBACK, "--port", str(port)],
        environment={
            "SUPSWEEP_HOME": str(home.folder),
            "SUPSWEEP_PUBLIC_URL": url,
            "SUPSWEEP_DATASET_ROOTS": json.dumps(_dataset_roots()),
            "SUPSWEEP_ALLOWED_HOSTS": json.dumps([LOOPBACK, "localhost"]),
            "SUPSWEEP_CLUSTERS": json.dumps({"local": {"address": ray_url, "token": ray_token}}),
            "SUPSWEEP_MLFLOW_URI": mlflow_url,
        },
        health_url=f"{url}/readyz",
        ready_seconds=READY_SECONDS,
    )


def _dataset_roots() -> list[str]:
    """What the environment says, else every folder: whoever runs this may read no more through it than without."""
    settings = read_settings()
    return settings.dataset_roots if "dataset_roots" in settings.model_fields_set else ["/"]


async def _upgrade(home: Home) -> None:
    database = Database(read_settings(home=home.folder).effective_database_url)
    try:
        await upgrade(database)
    finally:
        await database.close()
