"""`supsweep preview`: what a sweep would be, cost and tell, before it is submitted."""

from typing import Annotated

import typer
from rich.console import Console

from service.cli.connection import connect
from service.cli.specs import read_spec
from service.cli.wording import make_console, make_table
from service.schemas.preview import Forecast, PlanPreview, PowerPreview


def preview(
    source: Annotated[str, typer.Argument(metavar="SPEC", help="A .yaml or .json file, or the name of a preset.")],
) -> None:
    """Show what a sweep would be, cost and tell; nothing is submitted."""
    spec = read_spec(source)
    with connect() as client:
        print_preview(client.preview_sweep(spec), make_console())


def print_preview(seen: PlanPreview, console: Console) -> None:
    """The counts of each arm, then what they cost and can tell, then what a budget would cut."""
    console.print(f"{seen.name}: {seen.design} design\n")
    header = ("arm", "trials", "epochs", "image passes", "device-hours")
    console.print(make_table(header, _arm_rows(seen)))
    console.print()
    console.print(make_table(("", ""), _facts(seen)))
    for sentence in seen.cuts:
        console.print(f"Cut: {sentence}")
    for sentence in seen.notes:
        console.print(f"Note: {sentence}")


def _arm_rows(seen: PlanPreview) -> list[tuple[str, ...]]:
    rows = [
        (arm.arm, str(arm.trials), _amount(arm.epochs), _amount(arm.image_passes), _interval(arm.device_hours))
        for arm in seen.arms
    ]
    whole = ("all", str(seen.trials), _amount(seen.epochs), _amount(seen.image_passes), _interval(seen.device_hours))
    return [*rows, whole]


def _facts(seen: PlanPreview) -> list[tuple[str, str]]:
    cost, clock = seen.device_hours, seen.wall_clock_hours
    facts = [("cost", cost.basis if cost.value is None else f"{_interval(cost)}: {cost.basis}")]
    facts.append(("wall clock", clock.basis if clock.value is None else f"{_interval(clock)}: {clock.basis}"))
    facts.append(("detects", _power(seen.power) if seen.power else f"nothing: {seen.why_no_power}"))
    if seen.power:
        facts.append(("", seen.power.assumptions))
    return facts


def _power(power: PowerPreview) -> str:
    if power.detectable_ratio is None:
        return f"nothing: {power.pairs} pairs are too few for an interval"
    return (
        f"with {power.pairs} pairs, a true SD ratio of {power.detectable_ratio:.2f} four times in five, "
        f"one of {power.reference_ratio:g} in {power.power_at_reference:.0%} of cases"
    )


def _interval(forecast: Forecast) -> str:
    if forecast.value is None:
        return "unknown"
    if forecast.low is None or forecast.high is None:
        return _span(forecast.value)
    return f"{_span(forecast.value)} [{_span(forecast.low)}, {_span(forecast.high)}]"


def _span(hours: float) -> str:
    """A time as people say it."""
    if hours >= 1:
        return f"{hours:,.1f} h"
    return f"{hours * 60:.1f} min" if hours >= 1 / 60 else f"{hours * 3600:.0f} s"


def _amount(amount: int | None) -> str:
    return "unknown" if amount is None else f"{amount:,}"
