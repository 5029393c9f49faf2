"""Keyset cursors: the sort key of a page's last row, as an opaque text."""

import base64
import binascii
import json
import re
from datetime import UTC, datetime

from service.errors import BadCursor

MOST_NUMBER = 2**31 - 1
"""Largest number that a table counts to."""


def encode_cursor(*parts: str) -> str:
    """The cursor after a row with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, parts: int) -> list[str]:
    """The sort key in a cursor. Raises BadCursor for anything that `encode_cursor` did not make."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise _foreign(cursor) from error
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise _foreign(cursor)
    return key


def decode_number_cursor(cursor: str) -> int:
    """The number in a cursor of one part, 0 … MOST_NUMBER. Raises BadCursor."""
    (part,) = decode_cursor(cursor, parts=1)
    if not re.fullmatch(r"[0-9]{1,10}", part) or int(part) > MOST_NUMBER:
        raise _foreign(cursor)
    return int(part)


def decode_name_cursor(cursor: str) -> str:
    """The name in a cursor of one part, in the characters that names have. Raises BadCursor."""
    (name,) = decode_cursor(cursor, parts=1)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise _foreign(cursor)
    return name


def decode_time_cursor(cursor: str) -> tuple[datetime, str]:
    """The aware time and the id in a cursor of two parts. Raises BadCursor."""
    time, row_id = decode_cursor(cursor, parts=2)
    try:
        moment = datetime.fromisoformat(time)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _foreign(cursor) from error
    if moment.tzinfo is None or not re.fullmatch(r"[0-9a-f]{1,32}", row_id):
        raise _foreign(cursor)
    return in_utc, row_id


def _foreign(cursor: str) -> BadCursor:
    return BadCursor(f"cursor cannot be {cursor!r}; accepted: the next_cursor of an earlier page")
