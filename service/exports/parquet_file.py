"""Tables as Parquet, row group by row group, so that nobody holds a whole sweep; and their cells read back."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Generic

import pyarrow as pa
import pyarrow.parquet as pq

from service.exports.columns import Cell, Kind, Row, Table

TYPES: Mapping[Kind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "json": pa.string(),
}


class ParquetBytes(Generic[Row]):
    """Writes a table of such rows; what has been written so far can be taken away at any time."""

    def __init__(self, table: Table[Row]) -> None:
        self._table = table
        self._schema = pa.schema(
            [
                pa.field(column.name, TYPES[column.kind], metadata={"description": column.description})
                for column in table
            ]
        )
        self._written = _Chunks()
        self._writer = pq.ParquetWriter(pa.PythonFile(self._written, mode="w"), self._schema, compression="zstd")

    def write(self, rows: Iterable[Row]) -> bytes:
        """Adds a row group; returns the bytes since the last call."""
        listed = list(rows)
        cells = {column.name: [column.cell_of(row) for row in listed] for column in self._table}
        self._writer.write_table(pa.table(cells, schema=self._schema))
        return self._written.take()

    def close(self) -> bytes:
        """Ends the file; returns the bytes since the last call."""
        self._writer.close()
        return self._written.take()


def read_cells(file: Path, kinds: Mapping[str, Kind]) -> list[dict[str, Cell]]:
    """The rows of a file, name → cell for the columns that `kinds` knows. Raises OSError, ValueError for no Parquet."""
    try:
        table = pq.read_table(file)
    except pa.ArrowInvalid as error:
        raise ValueError(f"it is not Parquet: {error}") from error
    rows: list[dict[str, Cell]] = table.select([name for name in table.column_names if name in kinds]).to_pylist()
    return rows


class _Chunks:
    """The file that the writer believes to write to."""

    closed = False

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, chunk: bytes) -> int:
        self._chunks.append(bytes(chunk))
        return len(chunk)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        chunks, self._chunks = b"".join(self._chunks), []
        return chunks
