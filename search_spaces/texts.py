"""Texts that any store can keep: no NUL, which PostgreSQL refuses, no half of a surrogate pair, which UTF-8 has not."""

import re
from typing import Any

from search_spaces.vocabulary import Path, refusal, short

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def check_texts(document: Any) -> None:
    """Refuses a document that has, at any depth, a text or a name that cannot be stored."""
    # A list rather than recursion: a document may be nested deeper than Python's stack.
    rest: list[tuple[Path, Any]] = [([], document)]
    while rest:
        at, node = rest.pop()
        if isinstance(node, str):
            _check_text(node, at)
        elif isinstance(node, dict):
            for name, value in node.items():
                # At the map: a pointer with the name in it could not be sent either.
                _check_text(str(name), at)
                rest.append(([*at, name], value))
        elif isinstance(node, list):
            rest.extend(([*at, index], value) for index, value in enumerate(node))


def check_storable(text: str) -> str:
    """The text itself. Refuses one that cannot be stored."""
    _check_text(text, [])
    return text


def storable(text: Any) -> Any:
    """The text, with a replacement character for what cannot be stored; pydantic judges anything else."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text) if isinstance(text, str) else text


def _check_text(text: str, at: Path) -> None:
    if _UNSTORABLE.search(text):
        place = ".".join(map(str, at)) or "the document"
        message = f"{place} holds {short(text)}, which cannot be stored"
        # pydantic cannot carry a lone surrogate in an error: its escape must do.
        raise refusal(message, at=at, value=repr(text), accepted="a text without NUL and without lone surrogates")
