"""Cursors come back as they were given, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import BadCursor
from service.operations.cursors import decode_cursor, encode_cursor


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_cursor_gives_back_its_key(parts: list[str]) -> None:
    assert decode_cursor(encode_cursor(*parts), parts=len(parts)) == parts


@pytest.mark.parametrize("cursor", ["", "!!", "bm90IGpzb24", encode_cursor("one"), "ZZZ=ZZZ"])
def test_foreign_text_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor, match="next_cursor"):
        decode_cursor(cursor, parts=2)
