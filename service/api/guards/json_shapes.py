"""The shape of a JSON body before anything reads it: what is nested too deep or has too many parts would choke us."""

import re

from service.errors import InvalidRequest

DEEPEST = 64
"""A spec is nested eight deep; Python's own reader gives up at about a thousand."""
MOST_PARTS = 200_000
"""A runner's longest report has about a hundred thousand."""

# Possessive: a text that never ends is passed over once, not once for each quote in it.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]},]', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"


def check_shape(body: bytes) -> None:
    """Raises InvalidRequest for a body that is nested too deep, has too many parts, or is not written in UTF-8."""
    if b"\0" in body:
        raise InvalidRequest("the body holds a NUL byte; accepted: JSON in UTF-8", "")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the body is not UTF-8 at byte {error.start}; accepted: JSON in UTF-8", "") from error
    depth = 0
    for parts, token in enumerate(_TOKEN.finditer(body), start=1):
        sign = body[token.start()]
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if depth > DEEPEST:
            raise InvalidRequest(f"the body is nested more than {DEEPEST} deep; accepted: up to {DEEPEST}", "")
        if parts > MOST_PARTS:
            raise InvalidRequest(f"the body has more than {MOST_PARTS} texts, commas and brackets: send less", "")
