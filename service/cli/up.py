"""`supsweep up`: the whole service on this machine, until Ctrl-C."""

from typing import Annotated

import typer

from service.cli.surroundings import read_surroundings
from service.embedded.up_file import UpFile

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the API; none takes a free one.")]
Cpus = Annotated[int | None, typer.Option(min=1, help="CPU cores that trials may use; none gives them all.")]


def up(port: Port = None, cpus: Cpus = None) -> None:
    """Run the API, a local Ray cluster and an MLflow server until Ctrl-C; all end with this command."""
    # Inside: the other commands need nothing of the service itself, neither installed nor loaded.
    from service.embedded.services import running_services  # noqa: PLC0415
    from service.embedded.signals import end_on_signals  # noqa: PLC0415

    end_on_signals()
    typer.echo("starting the API, Ray and MLflow …")
    try:
        with running_services(read_surroundings().home, port=port, cpus=cpus) as services:
            print_urls(services.urls)
            typer.echo("ready; Ctrl-C ends it all")
            services.stack.wait()
    except KeyboardInterrupt:
        typer.echo("everything has ended")


def print_urls(urls: UpFile) -> None:
    """Where to look with a browser."""
    typer.echo(f"API      {urls.api_url}\nAPI docs {urls.api_url}/docs\nMLflow   {urls.mlflow_url}")
