"""Tables as CSV (RFC 4180, UTF-8, a header line), safe to open in a spreadsheet, and their cells read back.

A spreadsheet runs a text that begins like a formula, so such a text gets an apostrophe in front; reading takes it away.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from service.exports.columns import Cell, Kind, Row, Table

APOSTROPHE = "'"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", APOSTROPHE)
"""What a formula may begin with (OWASP, CSV injection); and the apostrophe, so that reading can tell."""


def header_line(table: Table[Row]) -> bytes:
    """The names of the columns."""
    return _lines([[column.name for column in table]])


def lines_of(table: Table[Row], rows: Iterable[Row]) -> bytes:
    """A line per row."""
    return _lines([[_written(column.kind, column.cell_of(row)) for column in table] for row in rows])


def read_cells(file: Path, kinds: Mapping[str, Kind]) -> list[dict[str, Cell]]:
    """The rows of a file, name → cell for the columns that `kinds` knows.

    Raises OSError, and ValueError for a file that is no CSV or holds a cell that is not of its kind.
    """
    # A cell may hold a long curve.
    csv.field_size_limit(2**31 - 1)
    with file.open(encoding="utf-8", newline="") as stream:
        try:
            rows = list(csv.DictReader(stream, strict=True))
        except csv.Error as error:
            raise ValueError(f"it is not CSV: {error}") from error
    return [{name: _read(name, kinds[name], text) for name, text in row.items() if name in kinds} for row in rows]


def _lines(cells: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(cells)
    return text.getvalue().encode()


def _written(kind: Kind, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if kind == "number":
        return repr(float(cell))
    text = str(cell)
    return APOSTROPHE + text if kind == "text" and text.startswith(DANGEROUS) else text


def _read(name: str, kind: Kind, text: str | None) -> Cell:
    if not text:
        return None
    try:
        return _READERS[kind](text)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{name} cannot be {text!r}; accepted: {kind}") from error


_READERS: Mapping[Kind, Callable[[str], Cell]] = {
    "text": lambda text: text.removeprefix(APOSTROPHE),
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "time": datetime.fromisoformat,
    "json": str,
}
