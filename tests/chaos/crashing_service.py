"""The real service with four things changed for tests: it can die at any point, its clock can be turned, MLflow is a
file, and reports can fail.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chaos.crash_points import CrashPoints
from chaos.file_tracking import FileTrackingStore
from fastapi import FastAPI

from service import main
from service.db import claims
from service.logs import configure_logs
from service.operations import reports
from service.reconciler import retention
from service.robustness import bootstrap
from service.settings import Settings

CLOCK_FILE = "CHAOS_CLOCK_FILE"
"""Environment: a file with the seconds by which the clock is wrong."""
CLOCK_SPEED = "CHAOS_CLOCK_SPEED"
"""Environment: how many seconds pass in one."""
CLOCK_EPOCH = "CHAOS_CLOCK_EPOCH"
"""Environment: when the clock began to run faster, so that all processes agree."""
TRACKING_FILE = "CHAOS_TRACKING_FILE"
"""Environment: what stands in for MLflow."""
AWAY = ".away"
"""Suffix of the file that tells what stands in for MLflow to refuse."""
BROKEN_REPORT = "broken_report"
"""Name, under the service's home, of a file that tells reports to fail."""


def create_app() -> FastAPI:
    """uvicorn's factory."""
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    points = CrashPoints.from_environment()
    points.install()
    # Renewals wait in real seconds, claims end in those of the faster clock.
    claims.RENEWALS_PER_CLAIM = round(claims.RENEWALS_PER_CLAIM * float(os.environ[CLOCK_SPEED]))
    file = Path(os.environ[TRACKING_FILE])
    store = FileTrackingStore(file, file.with_suffix(AWAY))
    main.MlflowStore = lambda *_arguments, **_named: points.watch_store(store)  # type: ignore[assignment, misc]
    # Intervals are as good as the trials are real.
    bootstrap.RESAMPLES = 100
    # Drawing takes longer than all the rest of a short life.
    main.figure_files = lambda _report: {}  # type: ignore[assignment]
    reports.render_html = lambda *_arguments, **_named: _page(settings.home / BROKEN_REPORT)  # type: ignore[assignment]
    # It waits in real seconds too.
    retention.LOOK_SECONDS /= float(os.environ[CLOCK_SPEED])
    app = main.build_app(settings)
    app.state.parts.clock = turned_clock
    return app


def make_routes() -> None:
    """Makes what all services answer, and reads what they are made of, once for those that are forked from here."""
    main.build_app(Settings()).openapi()
    main.read_environment()


def turned_clock() -> datetime:
    """The time as this test wants it."""
    epoch, speed = float(os.environ[CLOCK_EPOCH]), float(os.environ[CLOCK_SPEED])
    offset = float(Path(os.environ[CLOCK_FILE]).read_text())
    return datetime.fromtimestamp(epoch, UTC) + timedelta(seconds=(time.time() - epoch) * speed + offset)


def _page(is_broken: Path) -> str:
    """What stands for a report's page."""
    if is_broken.exists():
        raise RuntimeError("a bug")
    return "a page"
