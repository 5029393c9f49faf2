"""Keyset cursors: the sort key of a page's last row, as an opaque text."""

import base64
import binascii
import json

from service.errors import BadCursor


def encode_cursor(*parts: str) -> str:
    """The cursor after a row with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, parts: int) -> list[str]:
    """The sort key in a cursor. Raises BadCursor for anything that `encode_cursor` did not make."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadCursor(f"cursor cannot be {cursor!r}; accepted: the next_cursor of an earlier page") from error
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise BadCursor(f"cursor cannot be {cursor!r}; accepted: the next_cursor of an earlier page")
    return key
