"""What the vocabulary can say and this release cannot do yet: refused by name and reason, never ignored.

A row leaves these tables with the commit that brings its code.
"""

from collections.abc import Iterator
from functools import reduce
from typing import Any

from search_spaces.vocabulary import Vocabulary, refusal

_SPEC_FIELDS: dict[tuple[str, ...], tuple[list[Any], str]] = {
    ("design", "match"): (["epochs", "image_passes"], "comes with runs metered by time"),
}
"""Field of the spec → the values that have code, and when the others come."""


def check_available(spec: Vocabulary) -> None:
    """Refuses the parts of a legal spec whose code comes later."""
    for path, (values, reason) in _SPEC_FIELDS.items():
        value = reduce(getattr, path, spec)
        if value not in values:
            message = f"{'.'.join(path)} {str(value)!r} {reason}, not in this release"
            raise refusal(message, at=path, value=value, accepted=", ".join(str(one) for one in values))


def available_values() -> Iterator[tuple[str, list[Any]]]:
    """Each limited field with the values that have code."""
    for path, (values, _) in _SPEC_FIELDS.items():
        yield ".".join(path), values
