"""Numbers are numbers and booleans booleans: pydantic would take `true` for 1, "3" for 3 and "yes" for true.

YAML and JSON tell these apart, so whoever writes one where another belongs has made a mistake. A whole number may be
written as 2.0: to JSON that is the same number, and some languages write it so.
"""

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema


def exact(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """The schema of `source` in which each number and boolean takes its own kind alone."""
    schema: CoreSchema = _exact(handler(source))
    return schema


def _exact(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_exact(part) for part in node)
    if not isinstance(node, dict) or node.get("function") == _EXACT_ALREADY:
        return node
    is_schema = isinstance(node.get("type"), str)
    parts = {key: part if is_schema and key in _NOT_SCHEMAS else _exact(part) for key, part in node.items()}
    if parts.get("type") in ("float", "bool"):
        return {**parts, "strict": True}
    if parts.get("type") == "int" and not parts.get("strict"):
        return core_schema.no_info_before_validator_function(_number, parts)
    return parts


def _number(value: Any) -> Any:
    if isinstance(value, bool | str | bytes):
        raise PydanticKnownError("int_type")
    return value


_EXACT_ALREADY = {"type": "no-info", "function": _number}
"""The function of a schema that this module made, for a document inside another."""
_NOT_SCHEMAS = ("default", "metadata", "serialization", "expected")
"""What a schema holds beside further schemas."""
