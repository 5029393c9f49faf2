"""What `supsweep demo` does: everything up, one sweep, its report, everything down."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import typer

from search_spaces.sweep_spec import SweepSpec
from service.cli.connection import FOLLOWING_PATIENCE_SECONDS, read_home_key
from service.cli.failures import CommandFailed
from service.cli.following import follow
from service.cli.report import write_report
from service.cli.report_summary import print_summary
from service.cli.surroundings import read_surroundings
from service.cli.up import print_urls
from service.cli.wording import make_console
from service.client.client import SupsweepClient
from service.client.failures import ServiceUnreachable
from service.client.reports import ReportFormat
from service.embedded.services import Services, running_services
from service.embedded.signals import end_on_signals
from service.robustness.report import RobustnessReport
from service.schemas.sweeps import SweepDetail

MLFLOW_SECONDS = 20.0
"""How long MLflow may take to show the rest of the sweep before it is taken down."""
POLL_SECONDS = 0.5
REPORT_FILES: Mapping[ReportFormat, str] = {"html": ".html", "markdown": ".md"}
"""Forms that are kept, with their files' suffixes."""


def demonstrate(spec: SweepSpec, *, keep: bool) -> None:
    """Runs the sweep on services of its own and prints its report; with `keep` they stay up until Ctrl-C.

    Raises CommandFailed when the sweep does not succeed.
    """
    end_on_signals()
    surroundings = read_surroundings()
    typer.echo("starting the API, Ray and MLflow …")
    with running_services(surroundings.home, port=None, cpus=None) as services:
        print_urls(services.urls)
        key = read_home_key(surroundings.home)
        with SupsweepClient(services.urls.api_url, key, patience_seconds=FOLLOWING_PATIENCE_SECONDS) as client:
            sweep = _run_sweep(client, services, spec)
            files = _show_report(client, sweep, surroundings.reports)
            sweep = _wait_for_mlflow(client, sweep)
        _print_places(sweep, services, files)
        if keep:
            _stay(services)
    if not keep:
        typer.echo("MLflow and the API have ended: `supsweep up` starts them again, --keep would have left them up")


def _run_sweep(client: SupsweepClient, services: Services, spec: SweepSpec) -> SweepDetail:
    try:
        sweep = client.create_sweep(spec)
        typer.echo(f"sweep {sweep.id} ({sweep.name}): {sweep.trials} trials")
        return follow(client, sweep)
    except KeyboardInterrupt as interrupt:
        raise CommandFailed("interrupted; `supsweep up` goes on with the sweep where it stands") from interrupt
    except ServiceUnreachable:
        # The stack knows more, if it gave one of its processes up.
        services.stack.check()
        raise


def _show_report(client: SupsweepClient, sweep: SweepDetail, folder: Path) -> list[Path]:
    """The files that the report was written to, after its summary was printed."""
    print_summary(RobustnessReport.model_validate_json(client.report(sweep.id, "json")), make_console())
    files = []
    for form, suffix in REPORT_FILES.items():
        file = folder / f"{sweep.name}-{sweep.id}{suffix}"
        write_report(file, client.report(sweep.id, form))
        files.append(file)
    return files


def _wait_for_mlflow(client: SupsweepClient, sweep: SweepDetail) -> SweepDetail:
    deadline = time.monotonic() + MLFLOW_SECONDS
    while sweep.mlflow_events_behind and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        sweep = client.get_sweep(sweep.id)
    return sweep


def _print_places(sweep: SweepDetail, services: Services, files: list[Path]) -> None:
    if sweep.mlflow_events_behind:
        typer.echo(f"\nMLflow is {sweep.mlflow_events_behind} events behind; it catches up with the next `supsweep up`")
    typer.echo("\nWhere to look:")
    for file in files:
        typer.echo(f"  report    {file}")
    typer.echo(f"  MLflow    {sweep.links.mlflow or services.urls.mlflow_url}")
    typer.echo(f"  API docs  {services.urls.api_url}/docs")


def _stay(services: Services) -> None:
    typer.echo("everything stays up; Ctrl-C ends it all")
    with suppress(KeyboardInterrupt):
        services.stack.wait()
