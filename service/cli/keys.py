"""`supsweep keys ls|create|rotate|revoke|first`: who may call the service."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from service.cli.connection import connect
from service.cli.failures import CommandFailed, failing_in_sentences
from service.cli.surroundings import Surroundings, read_surroundings
from service.cli.times import read_seconds
from service.cli.wording import make_console, make_table, moment
from service.private_files import write_private
from service.schemas.keys import KeyView, NewKeyView, Scope

KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id of a key: the part after sws_.")]

app = typer.Typer(help="Keys that open the service: list, make, rotate, revoke.", no_args_is_help=True)


def ls(
    owner: Annotated[str | None, typer.Option(help="Whose; * is everybody's. For admins.")] = None,
) -> None:
    """List keys, newest first, those that do not work any more among them."""
    with connect() as client:
        keys = list(client.list_keys(owner=owner))
    header = ("id", "name", "owner", "scopes", "state", "last used", "expires")
    make_console().print(make_table(header, [_row(key) for key in keys]))


def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    owner: Annotated[str | None, typer.Option(help="Whom it speaks for; somebody else for admins.")] = None,
    scope: Annotated[list[Scope] | None, typer.Option(help="What it allows; may be repeated. [default: write]")] = None,
    expires_in: Annotated[str | None, typer.Option(metavar="TIME", help="Such as 12h or 90d; none is never.")] = None,
) -> None:
    """Make a key. Its text is written to standard output, once."""
    expires_at = None if expires_in is None else datetime.now(UTC) + timedelta(seconds=read_seconds(expires_in))
    with connect() as client:
        key = client.create_key(name, owner=owner, scopes=scope or [Scope.WRITE], expires_at=expires_at)
    _hand_over(key, f"key {key.id} of {key.owner}: {', '.join(key.scopes)}")


def rotate(
    key_id: KeyId,
    grace: Annotated[str, typer.Option(metavar="TIME", help="How long the old key still works, such as 1h.")] = "0s",
) -> None:
    """Make a new key in place of one that ends. The home's own key is replaced in its file too."""
    with connect() as client:
        key = client.rotate_key(key_id, grace_seconds=read_seconds(grace))
    _replace_in_home(read_surroundings(), key_id, key)
    _hand_over(key, f"key {key.id} takes the place of {key_id}, which ends {'now' if grace == '0s' else f'in {grace}'}")


def revoke(key_id: KeyId) -> None:
    """End a key for good."""
    with connect() as client:
        client.revoke_key(key_id)
    typer.echo(f"key {key_id} is revoked")


def first() -> None:
    """Make an admin's key past the API, with the settings of the service, and write it to the home.

    For whoever runs the service and has lost every admin's key. Those that were made before stay.
    """
    # Inside: the other commands need nothing of the service itself, neither installed nor loaded.
    from service.errors import SweepServiceError  # noqa: PLC0415
    from service.maintenance import make_another_first_key  # noqa: PLC0415
    from service.settings import SettingsRefused  # noqa: PLC0415

    try:
        file = asyncio.run(make_another_first_key())
    except (SettingsRefused, SweepServiceError, OSError) as error:
        raise CommandFailed(str(error)) from error
    typer.echo(f"a new admin's key is in {file}; revoke those that are lost: supsweep keys ls --owner '*'")


for command in (ls, create, rotate, revoke, first):
    app.command()(failing_in_sentences(command))


def _row(key: KeyView) -> tuple[str, ...]:
    scopes = ", ".join(key.scopes)
    return key.id, key.name, key.owner, scopes, _state(key), moment(key.last_used_at), moment(key.expires_at)


def _state(key: KeyView) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= datetime.now(UTC) else "works"


def _hand_over(key: NewKeyView, about: str) -> None:
    # Standard output has the key alone, so that it can be kept without being shown: supsweep keys create a > file
    typer.echo(f"{about}; it is shown once:", err=True)
    typer.echo(key.key)


def _replace_in_home(surroundings: Surroundings, old_id: str, new: NewKeyView) -> None:
    file = surroundings.home / "api_key"
    if surroundings.api_key is None and file.exists() and file.read_text().startswith(f"sws_{old_id}_"):
        write_private(file, new.key + "\n")
