"""docker-compose.yml as a table, with its variables."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>(?:[^{}]|\$\{[^}]*\})*))?\}")


@dataclass(frozen=True)
class Variable:
    """One `${NAME:-default}` or `${NAME:?sentence}`."""

    name: str
    default: str | None
    sentence: str | None
    """What compose says when it has no value."""


@cache
def text() -> str:
    """The file."""
    return (ROOT / "docker-compose.yml").read_text()


@cache
def services() -> dict[str, dict[str, Any]]:
    """Every service by name, anchors resolved, variables as they are written."""
    return dict(yaml.safe_load(text())["services"])


def variables(within: str) -> list[Variable]:
    """Every variable that a text names."""
    return [
        Variable(
            found["name"],
            default=found["rest"] if found["kind"] == "-" else None,
            sentence=found["rest"] if found["kind"] == "?" else None,
        )
        for found in _VARIABLE.finditer(within)
    ]


def secrets_of_files() -> set[str]:
    """Variables that services get as files."""
    return {secret["environment"] for secret in yaml.safe_load(text())["secrets"].values()}


def with_defaults(value: str) -> str:
    """The text as compose reads it when nothing is set; what has no default is `…`."""
    return _VARIABLE.sub(lambda found: (found["rest"] or "") if found["kind"] == "-" else "…", value)
