"""Turns pydantic's account of a bad document into sentences with the field, the value and what is accepted."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from pydantic import BaseModel

from search_spaces.vocabulary import LONGEST_VALUE, accepted_by, short

MOST_REFUSALS = 100
"""Things wrong with one document that are told; nobody mends more at once."""

COUNT_TAGS = ("one", "several")
"""Tags of a union of one thing and a list of them."""


class Refusal(BaseModel):
    """One thing wrong with a document."""

    pointer: str
    """JSON pointer to the value (RFC 6901); empty for the whole document."""
    detail: str
    """A sentence with the field, the value and what is accepted."""


def refusals(errors: Sequence[Mapping[str, Any]], document: Any) -> list[Refusal]:
    """What is wrong with `document`, up to MOST_REFUSALS, from the `errors()` of pydantic's ValidationError."""
    return [_refusal(error, document) for error in errors[:MOST_REFUSALS]]


def _refusal(detail: Mapping[str, Any], document: Any) -> Refusal:
    context = detail.get("ctx", {})
    path = list(takewhile(_is_readable, [*_path_in_document(detail["loc"], document), *context.get("at", [])]))
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    if detail["type"] == "refused":
        return Refusal(pointer=pointer, detail=detail["msg"])
    field = ".".join(map(str, path)) or "the document"
    if detail["type"] == "missing":
        return Refusal(pointer=pointer, detail=f"{field} is missing")
    if detail["type"] == "union_tag_not_found":
        return Refusal(pointer=pointer, detail=f"{field}.kind is missing; accepted: float, int, choice")
    if detail["type"] == "json_invalid":
        place = detail["loc"][-1] if detail["loc"] else 0
        return Refusal(pointer="", detail=f"the body is not JSON: {context.get('error')} at character {place}")
    if isinstance(detail["input"], bytes):
        return Refusal(pointer="", detail="the body is not read as JSON: send it as Content-Type: application/json")
    accepted = accepted_by(detail["msg"])
    return Refusal(pointer=pointer, detail=f"{field} cannot be {short(detail['input'])}; accepted: {accepted}")


def _is_readable(part: str | int) -> bool:
    """Whether a name is short enough to be repeated; else the refusal points to the map that has it."""
    return isinstance(part, int) or len(part) <= LONGEST_VALUE


def _path_in_document(loc: tuple[str | int, ...], document: Any) -> list[str | int]:
    """The location without the tags that pydantic adds where it chose a member of a union."""
    path: list[str | int] = []
    node = document
    for part in loc:
        if _is_tag(part, node):
            continue
        path.append(part)
        node = _child(node, part)
    return path


def _is_tag(part: str | int, node: Any) -> bool:
    if isinstance(node, dict):
        return part not in node and part in (node.get("kind"), *COUNT_TAGS)
    return part in COUNT_TAGS


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None
