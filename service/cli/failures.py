"""Every failure of a command is a sentence on stderr and an exit code: 1, or 2 for a wrong call."""

import functools
from collections.abc import Callable
from typing import ParamSpec

import typer

from service.client.failures import ApiError, ServiceUnreachable
from service.embedded.failures import CannotRun

Arguments = ParamSpec("Arguments")


class CommandFailed(Exception):
    """The command cannot do what it was asked, in a sentence that says what to do."""


def failing_in_sentences(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """The command, with its failures told to people. A wrong call is told by typer itself."""

    @functools.wraps(command)
    def run(*values: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            command(*values, **options)
        except (CommandFailed, ApiError, ServiceUnreachable, CannotRun) as failure:
            typer.echo(f"supsweep: {failure}", err=True)
            raise typer.Exit(1) from failure

    return run
