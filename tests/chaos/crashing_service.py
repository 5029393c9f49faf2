"""The real service with three things changed for tests: it can die at any point, its clock can be turned, and
MLflow is a file.
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
from service.settings import Settings

CLOCK_FILE = "CHAOS_CLOCK_FILE"
"""Environment: a file with the seconds by which the clock is wrong."""
CLOCK_SPEED = "CHAOS_CLOCK_SPEED"
"""Environment: how many seconds pass in one."""
CLOCK_EPOCH = "CHAOS_CLOCK_EPOCH"
"""Environment: when the clock began to run faster, so that all processes agree."""
TRACKING_FILE = "CHAOS_TRACKING_FILE"
"""Environment: what stands in for MLflow."""


def create_app() -> FastAPI:
    """uvicorn's factory."""
    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    points = CrashPoints.from_environment()
    points.install()
    # Renewals wait in real seconds, claims end in those of the faster clock.
    claims.RENEWALS_PER_CLAIM = round(claims.RENEWALS_PER_CLAIM * float(os.environ[CLOCK_SPEED]))
    file = Path(os.environ[TRACKING_FILE])
    main.MlflowStore = lambda *_arguments, **_named: points.watch_store(FileTrackingStore(file))  # type: ignore[assignment, misc]
    # Drawing takes longer than all the rest of a short life.
    main.figure_files = lambda _report: {}  # type: ignore[assignment]
    reports.render_html = lambda _report: "a page"  # type: ignore[assignment]
    app = main.build_app(settings)
    app.state.parts.clock = turned_clock
    return app


def make_routes() -> None:
    """Makes what all services answer, once for those that are forked from here: reading the handlers takes long."""
    main.build_app(Settings()).openapi()


def turned_clock() -> datetime:
    """The time as this test wants it."""
    epoch, speed = float(os.environ[CLOCK_EPOCH]), float(os.environ[CLOCK_SPEED])
    offset = float(Path(os.environ[CLOCK_FILE]).read_text())
    return datetime.fromtimestamp(epoch, UTC) + timedelta(seconds=(time.time() - epoch) * speed + offset)
