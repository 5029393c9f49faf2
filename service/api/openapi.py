"""The OpenAPI document: what FastAPI reads from the code, and what follows from it for every operation alike.

What an operation takes tells what it may refuse, and what guards and the database answer, they answer anywhere: that
is said here once, not at each route.
"""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from service.api.problems import problem_responses
from service.schemas.problems import Problem

TAGS = {
    "sweeps": "Submit sweeps, look at them, steer them.",
    "trials": "The trials of a sweep: one configuration × one seed of one arm each.",
    "events": "Everything that happens to a sweep, in order and without a gap.",
    "reports": "What a sweep says of the robustness of its arms.",
    "presets": "Ready specs to start from.",
    "runners": "The protocol of whatever runs trials; a person's own workers join a sweep by it too.",
    "audit": "Whether the ledger, Ray and MLflow agree, and making them agree.",
    "clusters": "Where trials run.",
    "keys": "API keys, with scopes, an end, and rotation.",
    "webhooks": "Messages to elsewhere, signed as Standard Webhooks say.",
    "health": "For orchestrators and monitoring.",
}
ANYWHERE = (408, 413, 414, 421, 429, 431, 500, 503, 507)
"""What guards, a bug of ours, or the database may answer, whatever the operation."""
NEVER_SENT = ("HTTPValidationError", "ValidationError")
"""FastAPI's own forms of errors."""
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "Under this id the service's log tells more.", "schema": {"type": "string"}},
    "ETag": {"description": "Version of what is shown, for If-Match.", "required": True, "schema": {"type": "string"}},
    "Location": {
        "description": "Path of what was made.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "Seconds to wait before another try.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"description": "How to show a key.", "schema": {"type": "string", "const": "Bearer"}},
}

Document = dict[str, Any]


class DescribedAPI(FastAPI):
    """An application whose document is complete."""

    def openapi(self) -> Document:
        """The document, made once."""
        if not self.openapi_schema:
            complete(super().openapi())
        assert self.openapi_schema is not None
        return self.openapi_schema


def complete(document: Document) -> None:
    """Adds to FastAPI's document what holds for every operation."""
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    schemas = document["components"]["schemas"] | _problem_schemas()
    document["components"]["schemas"] = {name: schemas[name] for name in schemas if name not in NEVER_SENT}
    document["components"]["headers"] = HEADERS
    for path in document["paths"].values():
        versioned = any(_takes(operation, "If-Match") for operation in path.values())
        for method, operation in path.items():
            operation["summary"] = _words(operation["operationId"])
            for parameter in operation.get("parameters", []):
                parameter["schema"] = _without_null(parameter["schema"])
            _add_problems(operation)
            _add_headers(operation, has_etag=_takes(operation, "If-Match") or (versioned and method == "get"))


def _problem_schemas() -> Document:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return {**schema.pop("$defs"), "Problem": schema}


def _words(operation_id: str) -> str:
    """The operation's id as a heading: retryFailedTrials → Retry failed trials."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", operation_id).capitalize()


def _without_null(schema: Document) -> Document:
    """A parameter is there or it is not: none can be sent as null."""
    others = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **others[0]}


def _add_problems(operation: Document) -> None:
    responses = operation["responses"]
    if "application/json" in responses.get("422", {}).get("content", {}):
        # FastAPI's own form of it, which is never sent.
        del responses["422"]
    for status, problem in problem_responses(*ANYWHERE, *_refusals(operation)).items():
        responses.setdefault(str(status), problem)
    operation["responses"] = dict(sorted(responses.items()))


def _refusals(operation: Document) -> Iterator[int]:
    """Statuses that follow from what the operation takes."""
    if operation.get("security"):
        yield 401
    if {"api_key": []} in operation.get("security", []):
        yield 403
        if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
            yield 404
    if operation.get("parameters") or "requestBody" in operation:
        yield 422
    if _takes(operation, "If-Match"):
        yield 412
    if _takes(operation, "Idempotency-Key"):
        yield 409


def _add_headers(operation: Document, *, has_etag: bool) -> None:
    for status, response in operation["responses"].items():
        names = ["X-Request-ID"]
        if status == "200" and has_etag:
            names.append("ETag")
        if status == "201" and _takes(operation, "Idempotency-Key"):
            names.append("Location")
        if status == "401":
            names.append("WWW-Authenticate")
        if status in ("429", "503"):
            names.append("Retry-After")
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _takes(operation: Document, header: str) -> bool:
    return any(
        parameter["in"] == "header" and parameter["name"].lower() == header.lower()
        for parameter in operation.get("parameters", [])
    )
