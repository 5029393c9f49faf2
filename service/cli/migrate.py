"""`supsweep migrate`: brings the database to this release's schema, as a job of its own before the service starts."""

import asyncio

import typer

from service.cli.failures import CommandFailed


def migrate() -> None:
    """Bring the database of SUPSWEEP_DATABASE_URL to this release's schema; one that is away is waited for."""
    # Inside: the other commands need nothing of the service itself, neither installed nor loaded.
    from service.errors import SweepServiceError  # noqa: PLC0415
    from service.maintenance import migrate_database  # noqa: PLC0415
    from service.settings import SettingsRefused  # noqa: PLC0415

    try:
        done = asyncio.run(migrate_database())
    except (SettingsRefused, SweepServiceError) as error:
        raise CommandFailed(str(error)) from error
    if done.found == done.now:
        typer.echo(f"the database is up to date: {done.now}")
        return
    typer.echo(f"the database is migrated: {done.found or 'empty'} → {done.now}")
