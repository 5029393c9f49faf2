"""What requests take they give back, however they end; what is not there nobody gets."""

import pytest

from service.api.guards.room import NoRoom, Room


def test_nobody_takes_more_than_is_free() -> None:
    room = Room(10)
    with room.place() as one, room.place() as other:
        one.take(6)
        with pytest.raises(NoRoom, match="send it again in 2 s") as refused:
            other.take(5)
        assert refused.value.headers["Retry-After"] == "2"
        other.take(4)
        assert (one.taken_bytes, other.taken_bytes, room.free_bytes) == (6, 4, 0)
    assert room.free_bytes == 10


def test_what_fails_gives_back_what_it_took() -> None:
    room = Room(10)
    with pytest.raises(ValueError, match="broken"), room.place() as place:
        place.take(7)
        raise ValueError("broken")
    assert room.free_bytes == 10
