"""`python -m benchmarks.mlflow_view [--trials N] [--json FILE]`: a whole sweep is shown in a real MLflow server.

The server is the embedded one (SQLite, one worker) on this machine. The claim is growth: the last tenth of the trials
takes no longer per trial than twice the first, so that a large sweep is not shown slower and slower.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from benchmarks.mlflow_view.ledger import STEPS, fill_ledger
from service.clusters.registry import ClusterRegistry
from service.db import projections
from service.db.database import Database
from service.db.migrations import upgrade
from service.embedded.home import locked_home
from service.embedded.mlflow_server import mlflow_server
from service.embedded.ports import LOOPBACK, free_ports
from service.embedded.stack import make_short_folder, running_stack
from service.operations.audit import audit_sweep
from service.operations.testimony import Auditor
from service.settings import Settings
from service.tracking.environment import read_environment
from service.tracking.mlflow_store import MlflowStore
from service.tracking.projector import Projection, project_next_batch
from service.tracking.server import TrackingServer
from service.vault import Vault

GROWTH_CLAIM = 2.0


def main() -> int:
    """The exit code: 1 when the claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mlflow_view")
    parser.add_argument("--trials", type=int, default=500, help="trials of the sweep")
    parser.add_argument("--json", type=Path, help="where to keep the numbers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_mlflow(Path(folder)) as uri:
        numbers = asyncio.run(measure(Path(folder), uri, options.trials))
    print(f"{options.trials} trials of {STEPS} steps, in an MLflow server with SQLite and one worker:")
    print(f"  to show a trial     {numbers['trial_ms']:.0f} ms ({numbers['trial_ms'] / 360:.2f} h for 10 000)")
    print(f"  growth              {numbers['growth']:.2f} (claim: at most {GROWTH_CLAIM:g})")
    print(f"  to audit the sweep  {numbers['audit_s']:.1f} s")
    if options.json is not None:
        options.json.write_text(json.dumps(numbers, indent=1))
    return 0 if numbers["growth"] <= GROWTH_CLAIM else 1


async def measure(folder: Path, uri: str, trials: int) -> dict[str, float]:
    """Every number, by name."""
    settings = Settings(home=folder)
    database = Database(f"sqlite+aiosqlite:///{folder / 'ledger.db'}")
    await upgrade(database)
    sweep_id = await fill_ledger(database, settings, trials)
    server = TrackingServer(MlflowStore(uri), settings.public_url, read_environment())
    projection = Projection(database, server, _now, lambda report: {})
    progress = [(0, time.perf_counter())]
    while await project_next_batch(projection, "benchmark"):
        progress.append((await _shown(database, sweep_id), time.perf_counter()))
    began_at = time.perf_counter()
    clusters = ClusterRegistry(database, Vault(None, settings.secret_key_file))
    audited = await audit_sweep(Auditor(database, settings, clusters, server, _now), sweep_id)
    assert not [one for one in audited.disagreements if one.part != "ray"], audited.disagreements
    audit_seconds = time.perf_counter() - began_at
    await database.close()
    (first, start), (last, end) = progress[0], progress[-1]
    per_event = [(later[1] - one[1]) / (later[0] - one[0]) for one, later in pairwise(progress) if later[0] > one[0]]
    tenth = max(1, len(per_event) // 10)
    return {
        "trial_ms": 1000 * (end - start) / trials,
        "events": last - first,
        "growth": sum(per_event[-tenth:]) / sum(per_event[:tenth]),
        "audit_s": audit_seconds,
    }


@contextmanager
def running_mlflow(folder: Path) -> Iterator[str]:
    """URL of the embedded MLflow server."""
    with locked_home(folder / "home") as home:
        (port,) = free_ports(1)
        with running_stack(home, [mlflow_server(home, port)], make_short_folder()):
            yield f"http://{LOOPBACK}:{port}"


async def _shown(database: Database, sweep_id: str) -> int:
    async with database.read() as session:
        cursor = await projections.find(session, sweep_id)
    assert cursor is not None
    return cursor.sequence


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
