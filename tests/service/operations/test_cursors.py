"""Cursors come back as they were given, and nothing else passes for one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import BadCursor
from service.operations.cursors import decode_cursor, decode_number_cursor, decode_time_cursor, encode_cursor


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_cursor_gives_back_its_key(parts: list[str]) -> None:
    assert decode_cursor(encode_cursor(*parts), parts=len(parts)) == parts


@pytest.mark.parametrize("cursor", ["", "!!", "bm90IGpzb24", encode_cursor("one"), "ZZZ=ZZZ"])
def test_foreign_text_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor, match="next_cursor"):
        decode_cursor(cursor, parts=2)


def test_typed_cursors_give_back_number_time_and_id() -> None:
    assert decode_number_cursor(encode_cursor("2147483647")) == 2**31 - 1
    moment = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert decode_time_cursor(encode_cursor(moment.isoformat(), "ab12")) == (
        datetime(2026, 1, 1, 10, tzinfo=UTC),
        "ab12",
    )


@pytest.mark.parametrize("number", ["", "abc", "-1", "1.5", " 1", "²", "2147483648", "9" * 30, "1_0"])
def test_what_is_no_number_of_a_row_is_refused(number: str) -> None:
    with pytest.raises(BadCursor, match="next_cursor"):
        decode_number_cursor(encode_cursor(number))


@pytest.mark.parametrize(
    ("time", "row_id"),
    [
        ("yesterday", "ab12"),
        ("2026-01-01T12:00:00", "ab12"),
        ("0001-01-01T00:00:00+14:00", "ab12"),
        ("2026-01-01T12:00:00+00:00", "a\0b"),
        ("2026-01-01T12:00:00+00:00", "\ud800"),
        ("2026-01-01T12:00:00+00:00", ""),
    ],
)
def test_what_is_no_aware_time_or_no_id_is_refused(time: str, row_id: str) -> None:
    with pytest.raises(BadCursor, match="next_cursor"):
        decode_time_cursor(encode_cursor(time, row_id))
