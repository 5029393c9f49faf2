"""Room in memory for the bodies of many requests together: whoever finds none asks again."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import SweepServiceError

RETRY_SECONDS = 2


class NoRoom(SweepServiceError):
    """The bodies of other requests take up all that is kept for them."""

    status_code = 503
    code = "no_room"
    title = "No room for the body"


class Room:
    """So many bytes, of which each request takes what its body needs and gives it back at its end."""

    def __init__(self, most_bytes: int) -> None:
        self.free_bytes = most_bytes

    @contextmanager
    def place(self) -> Iterator["Place"]:
        """A request's part of the room."""
        place = Place(self)
        try:
            yield place
        finally:
            self.free_bytes += place.taken_bytes


class Place:
    """What one request has taken."""

    def __init__(self, room: Room) -> None:
        self.taken_bytes = 0
        self._room = room

    def take(self, size_bytes: int) -> None:
        """Takes more. Raises NoRoom."""
        if size_bytes > self._room.free_bytes:
            detail = f"the bodies of other requests take up all the room there is: send it again in {RETRY_SECONDS} s"
            # The rest of the body is not read, so the server hangs up.
            raise NoRoom(detail, headers={"Retry-After": str(RETRY_SECONDS), "Connection": "close"})
        self._room.free_bytes -= size_bytes
        self.taken_bytes += size_bytes
