"""Every failure of a command is a sentence on stderr and an exit code: 1, or 2 for a wrong call."""

import click
import typer
from typer.core import TyperGroup

from service.client.failures import ApiError, ServiceUnreachable
from service.embedded.failures import CannotRun


class CommandFailed(Exception):
    """The command cannot do what it was asked, in a sentence that says what to do."""


class Commands(TyperGroup):
    """The commands of one program."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (CommandFailed, ApiError, ServiceUnreachable, CannotRun) as failure:
            typer.echo(f"supsweep: {failure}", err=True)
            raise typer.Exit(1) from failure
