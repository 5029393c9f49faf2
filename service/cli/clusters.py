"""`supsweep clusters ls|add|check|drain|resume|rm`: where trials run; without a word the same as `ls`."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.cluster_changes import Tls, apply, read_labels, read_text, wait_until_drained, wait_until_healthy
from service.cli.cluster_wording import capacity, health_of, row_of, what_runs_on
from service.cli.connection import FOLLOWING_PATIENCE_SECONDS, SHORT_PATIENCE_SECONDS, connect
from service.cli.failures import CommandFailed, failing_in_sentences
from service.cli.surroundings import read_surroundings
from service.cli.times import read_seconds
from service.cli.wording import make_console, make_table

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a cluster.")]

app = typer.Typer(help="Ray clusters that trials run on: list, register, check, drain, remove.")


@app.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Lists the clusters where no other word says what to do with them."""
    if context.invoked_subcommand is None:
        failing_in_sentences(ls)()


def ls() -> None:
    """List clusters with their health and what of them is free."""
    with connect() as client:
        found = list(client.list_clusters())
    if not found:
        typer.echo("no clusters; an admin registers them: supsweep clusters add NAME ADDRESS")
        return
    header = ("name", "address", "health", "CPUs free", "GPUs free", "trials", "labels")
    make_console().print(make_table(header, [row_of(cluster) for cluster in found]))


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What sweeps choose it by.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="URL of its dashboard: http://head:8265")],
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Has the RAY_AUTH_TOKEN of its head; none takes SUPSWEEP_CLUSTER_TOKEN."),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Sweeps may choose it by this too; may be repeated.")
    ] = None,
    ca_certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM of the only authority that an https address must show.")
    ] = None,
    verify_tls: Annotated[
        bool, typer.Option("--verify-tls/--no-verify-tls", help="Whether an https address must show a certificate.")
    ] = True,
    wait: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long to wait until it is healthy, such as 60s.")
    ] = None,
) -> None:
    """Register a cluster, or give one of that name and address these labels, TLS, and token. May be repeated."""
    seconds = None if wait is None else read_seconds(wait)
    token = read_surroundings().cluster_token if token_file is None else read_text(token_file, "a token").strip()
    tls = Tls(verify_tls, None if ca_certificate is None else read_text(ca_certificate, "a certificate"))
    labels = read_labels(label or [])
    with connect(SHORT_PATIENCE_SECONDS if seconds is None else FOLLOWING_PATIENCE_SECONDS) as client:
        typer.echo(f"cluster {name} {apply(client, name, address, token=token, labels=labels, tls=tls)}")
        if seconds is not None:
            typer.echo(f"cluster {name} is healthy: {capacity(wait_until_healthy(client, name, seconds))}")


def check(name: Name) -> None:
    """Ask a cluster now how it is; exit code 1 when it is not healthy."""
    with connect() as client:
        cluster = client.check_cluster(name)
    if not cluster.health.is_healthy:
        raise CommandFailed(f"cluster {name} is {health_of(cluster)}")
    typer.echo(f"cluster {name} is {health_of(cluster)}: {capacity(cluster)}")


def drain(
    name: Name,
    wait: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long to wait until nothing runs there, such as 30m.")
    ] = None,
) -> None:
    """Open no more runners on a cluster, and let its trials go on on other clusters of their sweeps."""
    seconds = None if wait is None else read_seconds(wait)
    with connect(SHORT_PATIENCE_SECONDS if seconds is None else FOLLOWING_PATIENCE_SECONDS) as client:
        cluster = client.change_cluster(name, is_draining=True)
        typer.echo(f"cluster {name} gets no more runners; {what_runs_on(cluster)}")
        if seconds is not None and cluster.open_jobs:
            typer.echo(f"cluster {name} is drained; {what_runs_on(wait_until_drained(client, name, seconds))}")


def resume(name: Name) -> None:
    """Open runners again on a cluster that was drained."""
    with connect() as client:
        client.change_cluster(name, is_draining=False)
    typer.echo(f"cluster {name} gets runners again")


def rm(name: Name) -> None:
    """Remove a cluster that no unfinished sweep has a runner on; Ray itself is left alone."""
    with connect() as client:
        client.delete_cluster(name)
    typer.echo(f"cluster {name} is removed")


for command in (ls, add, check, drain, resume, rm):
    app.command()(failing_in_sentences(command))
