"""Which of several forms of an answer the caller wants, by the Accept header (RFC 9110, section 12.5.1)."""

import re
from typing import Annotated

from fastapi import Header

Accept = Annotated[str, Header(include_in_schema=False)]
"""What the caller wants to read. OpenAPI tells it by the media types of an answer, not as a parameter."""

JSON = "application/json"
HTML = "text/html"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
EVENTS = "text/event-stream"

_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def preferred(accept: str, *offered: str) -> str:
    """Of the media types that are offered, the one that the caller prefers; among equals the first."""
    wanted = dict(map(_read_range, accept.split(",")))
    return max(offered, key=lambda media_type: _quality(media_type, wanted))


def _quality(media_type: str, wanted: dict[str, float]) -> float:
    """What the most specific range says that has the media type in it."""
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((wanted[one] for one in ranges if one in wanted), 0.0)


def _read_range(text: str) -> tuple[str, float]:
    """A media range and its quality; of other parameters nothing is asked, for no form here has any."""
    media_range, *parameters = (part.strip() for part in text.split(";"))
    qualities = [float(found[1]) for parameter in parameters if (found := _QUALITY.fullmatch(parameter))]
    return media_range.lower(), qualities[0] if qualities else 1.0
