"""`supsweep secrets reseal`: after a change of SUPSWEEP_SECRET_KEYS, on a machine that reaches the database itself."""

import asyncio

import typer

from service.cli.failures import CommandFailed, failing_in_sentences

app = typer.Typer(help="Stored secrets, with the settings of the service: seal them anew.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `reseal` a word of its own although it is the only one."""


def reseal() -> None:
    """Seal every stored secret with the first of SUPSWEEP_SECRET_KEYS, so that the others may go. May be repeated."""
    # Inside: the other commands need nothing of the service itself, neither installed nor loaded.
    from service.errors import SweepServiceError  # noqa: PLC0415
    from service.maintenance import reseal_database  # noqa: PLC0415
    from service.settings import SettingsRefused  # noqa: PLC0415

    try:
        resealed = asyncio.run(reseal_database())
    except (SettingsRefused, SweepServiceError) as error:
        raise CommandFailed(str(error)) from error
    for name in resealed.changed:
        typer.echo(f"{name}: sealed anew")
    typer.echo(f"{len(resealed.changed)} sealed anew, {resealed.kept} were sealed with the first key already")
    if resealed.unreadable:
        raise CommandFailed(f"no key of SUPSWEEP_SECRET_KEYS opens: {', '.join(resealed.unreadable)}")


app.command()(failing_in_sentences(reseal))
