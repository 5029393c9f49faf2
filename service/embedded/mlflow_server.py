"""The local MLflow server: SQLite and artifacts under the home, one worker, none of its background jobs."""

import sys

from service.embedded.children import ChildSpec
from service.embedded.home import Home
from service.embedded.ports import LOOPBACK

# MLflow 3.17 makes its tables at the first start: 6 to 20 s on two cores.
READY_SECONDS = 120.0


def mlflow_server(home: Home, port: int) -> ChildSpec:
    """The server on that port of the loopback interface."""
    options = {
        "host": LOOPBACK,
        "port": port,
        "workers": 1,
        "backend-store-uri": f"sqlite:///{home.mlflow / 'mlflow.db'}",
        "artifacts-destination": home.mlflow / "artifacts",
    }
    return ChildSpec(
        name="mlflow",
        title="the MLflow server",
        command=[sys.executable, "-m", "mlflow", "server", *(f"--{name}={value}" for name, value in options.items())],
        environment={
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            # The user's own server is not ours.
            "MLFLOW_TRACKING_URI": None,
        },
        health_url=f"http://{LOOPBACK}:{port}/health",
        ready_seconds=READY_SECONDS,
    )
