"""Columns of an exported table: name, kind, meaning, and where the cell of a row comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin

Kind = Literal["text", "integer", "number", "boolean", "time", "json"]
"""json is a text that holds a JSON document; every kind may be empty."""

Cell = str | int | float | bool | datetime | None
Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column of a table of such rows."""

    name: str
    kind: Kind
    description: str
    cell_of: Callable[[Row], Cell]


Table = Sequence[Column[Row]]


def kind_of(annotation: Any) -> Kind:
    """The kind of column that holds a field with this annotation."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) in (tuple, list, dict):
        return "json"
    kinds: dict[Any, Kind] = {bool: "boolean", int: "integer", float: "number"}
    return kinds.get(annotation, "text")
