"""The base of every document in the vocabulary: frozen, unknown fields refused, refusals that help.

A cross-field check raises `refusal(...)`; the API turns its context into JSON pointers.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from search_spaces.exact import exact

Path = Sequence[str | int]

LONGEST_VALUE = 200
"""Characters of a refused value that a sentence repeats."""


class Vocabulary(BaseModel):
    """A frozen document that refuses unknown fields, NaN or infinite numbers, and what only looks like a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler, /) -> CoreSchema:
        """Makes every field exact, whatever it is nested in."""
        return exact(source, handler)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_fields(cls, document: Any) -> Any:
        if isinstance(document, Mapping):
            known = cls.model_fields
            for name in document:
                if name not in known:
                    raise unknown_name("field", str(name), list(known), at=[str(name)])
        return document


def refusal(message: str, *, at: Path, value: Any, accepted: str) -> PydanticCustomError:
    """A validation error at a path below the model that raises it.

    `message` says what is wrong, `value` what was given and `accepted` what would be right.
    """
    context = {
        "sentence": _sendable(f"{message}; accepted: {accepted}"),
        "at": [_sendable(part) if isinstance(part, str) else part for part in at],
        "value": _sendable(short(value)),
        "accepted": _sendable(accepted),
    }
    return PydanticCustomError("refused", "{sentence}", context)


def _sendable(text: str) -> str:
    """The text with escapes for lone surrogates, which UTF-8 does not have."""
    return text.encode("utf-8", "backslashreplace").decode()


def unknown_name(kind: str, name: str, known: Sequence[str], *, at: Path) -> PydanticCustomError:
    """The refusal of a name that is not in `known`, with the nearest ones suggested."""
    near = get_close_matches(name[:LONGEST_VALUE], known, n=2)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    return refusal(f"unknown {kind} {short(name)}{hint}", at=at, value=name, accepted=", ".join(known))


def short(value: Any) -> str:
    """The value as Python writes it, cut where nobody reads on."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def accepted_by(message: str) -> str:
    """What pydantic's "Input should be …" and its kin would accept."""
    for beginning, words in _BEGINNINGS.items():
        if message.startswith(beginning):
            return words + message.removeprefix(beginning)
    return message


_BEGINNINGS = {
    "Input should be ": "",
    "String should match pattern ": "a text that matches ",
    "String should have ": "a text with ",
    "List should have ": "a list with ",
    "Dictionary should have ": "a map with ",
}
