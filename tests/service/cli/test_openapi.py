"""The written OpenAPI document is the code's."""

import json
from pathlib import Path

from service.cli.openapi import openapi_document

PAGE = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_written_document_is_up_to_date() -> None:
    assert PAGE.read_text() == openapi_document(), "run `make docs`"


def test_every_operation_has_a_stable_id_and_a_sentence() -> None:
    paths = json.loads(openapi_document())["paths"]
    operations = [operation for path in paths.values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert all(operation["description"] and "_" not in operation["operationId"] for operation in operations)
