"""Writes the reference of the sweep spec from its models: `python -m search_spaces.reference docs/spec.md`."""

import sys
import types
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from search_spaces.arms import Arm
from search_spaces.datasets import DatasetSpec
from search_spaces.design import Design, Pruning
from search_spaces.domains import ChoiceDomain, FloatDomain, IntDomain
from search_spaces.presets import PRESETS
from search_spaces.sweep_metrics import SweepMetric
from search_spaces.sweep_spec import Budget, Evaluation, Probe, Resources, SweepSpec
from search_spaces.trial_config import TrialConfig

INTRODUCTION = """\
# The sweep spec

One document, YAML or JSON. Unknown fields are refused; so is whatever a field below does not accept, in a sentence
with the field, the value and what is accepted. Numbers and booleans are written as such: `true` is no 1, `"3"` no 3,
`"yes"` no true. Durations are seconds, or a text such as `90s`, `30m`, `2h`, `1d`.
This page is written from the code by `make docs`.
"""

SECTIONS: list[tuple[str, list[type[BaseModel]]]] = [
    ("The document", [SweepSpec]),
    ("Its parts", [DatasetSpec, Arm, Design, Pruning, SweepMetric, Budget, Resources, Evaluation, Probe]),
    ("Domains: what a factor may be drawn from", [FloatDomain, IntDomain, ChoiceDomain]),
    ("What one trial accepts: the fields of `base`, `space` and `shared`", [TrialConfig]),
]


def reference() -> str:
    """The whole page, in Markdown."""
    parts = [INTRODUCTION, *_presets()]
    for title, models in SECTIONS:
        parts.append(f"\n## {title}\n")
        parts.extend(_table(model, with_title=len(models) > 1) for model in models)
    return "\n".join(parts)


def _presets() -> Iterator[str]:
    yield "\n## Presets\n"
    for name, make_spec in PRESETS.items():
        yield f"- `{name}`: {make_spec.__doc__}"


def _table(model: type[BaseModel], *, with_title: bool) -> str:
    title = [f"### {model.__name__}", "", f"{model.__doc__}", ""] if with_title else []
    rows = [field_row(name, field) for name, field in model.model_fields.items()]
    return "\n".join([*title, "| field | accepts | default | meaning |", "|---|---|---|---|", *rows, ""])


def field_row(name: str, field: FieldInfo) -> str:
    """The field as a row of a table in Markdown: its name, what it accepts, its default, its meaning."""
    default = "required" if field.is_required() else f"`{_plain(field.default)}`"
    bounds = [_bound(constraint) for constraint in field.metadata]
    accepts = ", ".join(part for part in [_accepts(field.annotation), *bounds] if part)
    return f"| `{name}` | {accepts} | {default} | {field.description or ''} |".replace("||", "or")


def _plain(default: Any) -> str:
    if isinstance(default, BaseModel):
        return "its defaults"
    return "none" if default is None else str(default) or '""'


def _bound(constraint: Any) -> str:
    symbols = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    return " and ".join(
        f"{symbol} {getattr(constraint, key):,}" for key, symbol in symbols.items() if hasattr(constraint, key)
    )


def _accepts(annotation: Any) -> str:
    """A type in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _accepts(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_accepts(argument) for argument in arguments))
    if origin is list:
        return f"list of {_accepts(arguments[0])}"
    if origin is dict:
        return f"map of {_accepts(arguments[0])} to {_accepts(arguments[1])}"
    return _word(annotation)


def _word(annotation: type) -> str:
    words: dict[type, str] = {
        float: "number",
        int: "whole number",
        str: "text",
        bool: "yes/no",
        type(None): "none",
        Path: "path",
        SecretStr: "secret text",
    }
    if issubclass(annotation, StrEnum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    return words.get(annotation, annotation.__name__)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference())
