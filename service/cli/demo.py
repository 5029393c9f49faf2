"""`supsweep demo`: from nothing to a robustness report on real data, with everything real."""

from typing import Annotated

import typer

from search_spaces.presets import PRESETS
from service.cli.failures import CommandFailed
from service.cli.specs import check_spec


def demo(
    configurations: Annotated[
        int | None, typer.Option(min=1, help="Configurations per arm; none takes the preset's own number.")
    ] = None,
    preset: Annotated[str, typer.Option(help=f"What is swept: {', '.join(PRESETS)}.")] = "digits_demo",
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running afterwards, until Ctrl-C.")] = False,
) -> None:
    """Run a whole sweep on this machine and print its report; everything it started ends with it."""
    # Inside: the statistics and the service take seconds to load, which the other commands need not wait for.
    from service.cli.demonstration import demonstrate  # noqa: PLC0415

    if preset not in PRESETS:
        raise CommandFailed(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    document = PRESETS[preset]().model_dump(mode="json", exclude_defaults=True)
    if configurations is not None:
        document["design"] = {**document.get("design", {}), "configurations": configurations}
    demonstrate(check_spec(document, f"preset {preset}"), keep=keep)
