"""The tables themselves: stable columns, described, of types that a reader can rely on; and no cell that runs."""

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from search_spaces.metrics import METRICS
from search_spaces.trial_config import TrialConfig
from service.exports.csv_text import DANGEROUS, header_line, lines_of
from service.exports.curve_table import CURVE_TABLE
from service.exports.parquet_file import ParquetBytes
from service.exports.trial_table import ExportedTrial, trial_table

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "export.md"


def test_columns_have_distinct_names_and_say_what_they_hold() -> None:
    for table in (trial_table(), CURVE_TABLE):
        names = [column.name for column in table]
        assert len(set(names)) == len(names)
        assert all(column.description for column in table)


def test_every_field_of_a_configuration_and_every_metric_has_its_column() -> None:
    kinds = {column.name: column.kind for column in trial_table()}
    assert {f"config.{name}" for name in TrialConfig.model_fields} - set(kinds) == {"config.seed"}
    assert {f"score.{name}" for name in METRICS} <= set(kinds)
    assert (kinds["config.compile"], kinds["config.epochs"], kinds["config.learning_rate"]) == (
        "boolean",
        "integer",
        "number",
    )
    assert (kinds["config.optimizer"], kinds["config.objective"], kinds["seed"]) == ("text", "text", "integer")
    assert (kinds["sweep_arms"], kinds["curve"], kinds["started_at"]) == ("json", "json", "time")


def test_documentation_names_every_column() -> None:
    text = DOCUMENTATION.read_text()
    families = ("config.", "score.")
    for column in (*trial_table(), *CURVE_TABLE):
        if not column.name.startswith(families):
            assert f"`{column.name}`" in text, column.name


def test_no_cell_of_a_text_begins_like_a_formula(rows: list[ExportedTrial]) -> None:
    text = (header_line(trial_table()) + lines_of(trial_table(), rows)).decode()
    kinds = {column.name: column.kind for column in trial_table()}
    begun = set()
    for row in csv.DictReader(io.StringIO(text, newline="")):
        for name, cell in row.items():
            if kinds[name] in ("text", "json") and cell:
                begun.add(cell[0])
                assert cell[0] == "'" or not cell.startswith(DANGEROUS), (name, cell)
    assert "'" in begun


def test_parquet_has_types_and_descriptions(tmp_path: Path, rows: list[ExportedTrial]) -> None:
    written = ParquetBytes(trial_table())
    (tmp_path / "x.parquet").write_bytes(written.write(rows) + written.close())
    schema = pq.read_schema(tmp_path / "x.parquet")
    assert schema.names == [column.name for column in trial_table()]
    types = {name: str(schema.field(name).type) for name in ("number", "score", "config.compile", "started_at", "arm")}
    assert types == {
        "number": "int64",
        "score": "double",
        "config.compile": "bool",
        "started_at": "timestamp[us, tz=UTC]",
        "arm": "string",
    }
    assert schema.field("score").metadata[b"description"].startswith(b"The sweep's metric")


@pytest.mark.parametrize("pages", [1, 3])
def test_parquet_is_given_away_as_it_is_written(rows: list[ExportedTrial], pages: int) -> None:
    written = ParquetBytes(trial_table())
    sizes = [len(written.write(rows)) for _ in range(pages)]
    assert min(sizes) > 1000
    assert written.close().endswith(b"PAR1")
