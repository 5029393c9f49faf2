"""The OpenAPI document says all that a client needs to know."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate

from service.api.openapi import TAGS
from service.main import build_app
from service.settings import Settings

DOCUMENT: dict[str, Any] = build_app(Settings()).openapi()
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


OPERATIONS = [pytest.param(path, method, operation, id=f"{method} {path}") for path, method, operation in operations()]


def test_document_is_valid() -> None:
    validate(DOCUMENT)


def test_service_names_itself_and_its_licence() -> None:
    assert DOCUMENT["info"]["title"] == "supsweep"
    assert DOCUMENT["info"]["license"]["identifier"] == "Apache-2.0"
    assert DOCUMENT["info"]["version"]


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _path, _method, operation in operations()]
    assert sorted(ids) == sorted(set(ids))


def test_every_tag_is_described_and_used() -> None:
    assert {tag for _path, _method, operation in operations() for tag in operation["tags"]} == set(TAGS)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_operation_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"])
    assert operation["summary"]
    assert operation["description"]
    assert len(operation["tags"]) == 1
    assert [one["name"] for one in operation.get("parameters", []) if not one.get("description")] == []


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_operation_names_the_key_that_opens_it(path: str, method: str, operation: dict[str, Any]) -> None:
    if path in ("/healthz", "/readyz"):
        assert "security" not in operation
        return
    scheme = "metrics_token" if path == "/metrics" else "runner_token" if "/runners/" in path else "api_key"
    assert operation["security"] == [{scheme: []}]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_answer_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        assert answer["description"], status
        if int(status) >= 400 and (path, status) != ("/readyz", "503"):
            assert answer["content"] == PROBLEM, status
        if int(status) < 300 and status != "204":
            assert all(content.get("schema") for content in answer["content"].values()), status


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_body_has_an_example(path: str, method: str, operation: dict[str, Any]) -> None:
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        schema = DOCUMENT["components"]["schemas"][reference(content["schema"])]
        assert content.get("examples") or content["schema"].get("examples") or schema.get("examples")


def reference(schema: dict[str, Any]) -> str:
    """Name of the schema that a body has."""
    found = schema.get("$ref") or next(one["$ref"] for one in schema["allOf"])
    return str(found).rpartition("/")[2]


def test_a_created_thing_says_where_it_is_and_a_versioned_one_which_it_is() -> None:
    answers = DOCUMENT["paths"]["/v1/sweeps"]["post"]["responses"]
    assert answers["201"]["headers"]["Location"] == {"$ref": "#/components/headers/Location"}
    for method in ("get", "patch"):
        answers = DOCUMENT["paths"]["/v1/sweeps/{sweep_id}"][method]["responses"]
        assert answers["200"]["headers"]["ETag"] == {"$ref": "#/components/headers/ETag"}
    assert "Retry-After" in answers["429"]["headers"]


def test_what_an_operation_takes_tells_what_it_may_refuse() -> None:
    steering = DOCUMENT["paths"]["/v1/sweeps/{sweep_id}/pause"]["post"]["responses"]
    assert {"401", "403", "404", "412", "422", "429", "500", "503"} <= steering.keys()
    assert not {"403", "404"} & DOCUMENT["paths"]["/v1/runners/{runner_id}/ask"]["post"]["responses"].keys()
    assert "409" in DOCUMENT["paths"]["/v1/webhooks"]["post"]["responses"], "an Idempotency-Key that is in flight"
    assert "422" not in DOCUMENT["paths"]["/healthz"]["get"]["responses"]
