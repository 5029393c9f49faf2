"""The shape of a JSON body before anything reads it: what is nested too deep or has too many parts would choke us."""

import re

from search_spaces.runner_protocol import MOST_FACTS, MOST_METRICS, MOST_PER_REPORT
from service.errors import InvalidRequest

DEEPEST = 64
"""A spec is nested eight deep; Python's own reader gives up at about a thousand."""
MOST_PARTS = 200_000
"""A spec has some thousands."""
_PARTS_PER_ENTRY = 3
"""Of a metric or a fact: its name, perhaps a text, and a comma."""
_OTHER_PARTS = 30
"""Of a result, an outcome or a loss, beside its metrics and facts."""
MOST_PARTS_OF_REPORTS = 3 * MOST_PER_REPORT * (_PARTS_PER_ENTRY * (MOST_METRICS + MOST_FACTS) + _OTHER_PARTS)
"""Whatever the runner protocol allows; a runner of ours sends less."""

# Possessive: a text that never ends is passed over once, not once for each quote in it.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]},]', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"


def check_shape(body: bytes, most_parts: int = MOST_PARTS) -> None:
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
        if parts > most_parts:
            raise InvalidRequest(f"the body has more than {most_parts} texts, commas and brackets: send less", "")
