"""`supsweep webhooks ls|create|rotate-secret|test|rm`: who is told of what happens."""

from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.failures import CommandFailed, failing_in_sentences
from service.cli.times import read_seconds
from service.cli.wording import make_console, make_table, moment
from service.schemas.webhooks import DeliveryState, WebhookKind, WebhookView

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="Id of a webhook.")]

app = typer.Typer(
    help="Webhooks, which are told of what happens: list, make, rotate secrets, try, delete.", no_args_is_help=True
)


def ls(
    owner: Annotated[str | None, typer.Option(help="Whose; * is everybody's. For admins.")] = None,
) -> None:
    """List webhooks, newest first."""
    with connect() as client:
        webhooks = client.list_webhooks(owner=owner)
    header = ("id", "owner", "url", "kinds", "state", "created")
    make_console().print(make_table(header, [_row(webhook) for webhook in webhooks]))


def create(
    url: Annotated[str, typer.Argument(help="Where messages are posted: https, on a public address.")],
    kind: Annotated[
        list[WebhookKind] | None, typer.Option(help="What it is told of; may be repeated. [default: sweep.state]")
    ] = None,
) -> None:
    """Make a webhook. The secret that signs its messages is written to standard output, once."""
    with connect() as client:
        webhook = client.create_webhook(url, kinds=kind or [WebhookKind.SWEEP_STATE])
    typer.echo(f"webhook {webhook.id} is told of {', '.join(webhook.kinds)}; its secret is shown once:", err=True)
    typer.echo(webhook.secret)


def rotate_secret(
    webhook_id: WebhookId,
    grace: Annotated[
        str,
        typer.Option(metavar="TIME", help="How long the old secret still signs beside the new one; 0s: not at all."),
    ] = "1d",
) -> None:
    """Give a webhook a new secret. It is written to standard output, once."""
    with connect() as client:
        webhook = client.rotate_webhook_secret(webhook_id, grace_seconds=read_seconds(grace))
    until = f"the old one signs beside it until {moment(webhook.previous_secret_ends_at)}"
    typer.echo(f"webhook {webhook_id} has a new secret, shown once; {until}:", err=True)
    typer.echo(webhook.secret)


def test(webhook_id: WebhookId) -> None:
    """Send one message now and tell what the receiver answered."""
    with connect() as client:
        sent = client.test_webhook(webhook_id)
    if sent.state is not DeliveryState.DELIVERED:
        raise CommandFailed(f"message {sent.id} was not taken: {sent.problem}")
    typer.echo(f"message {sent.id} was taken: the receiver answered {sent.last_status}")


def rm(webhook_id: WebhookId) -> None:
    """Delete a webhook with all that was to be sent to it."""
    with connect() as client:
        client.delete_webhook(webhook_id)
    typer.echo(f"webhook {webhook_id} is deleted")


for command in (ls, create, rotate_secret, test, rm):
    app.command()(failing_in_sentences(command))


def _row(webhook: WebhookView) -> tuple[str, ...]:
    state = "enabled" if webhook.is_enabled else webhook.problem or "disabled"
    kinds = ", ".join(webhook.kinds)
    return webhook.id, webhook.owner, webhook.url, kinds, state, moment(webhook.created_at)
