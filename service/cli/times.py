"""Times as people hand them to the command: 90s, 30m, 2h, 1d, or a bare number of seconds."""

from pydantic_core import PydanticCustomError

from search_spaces.durations import parse_duration
from service.cli.failures import CommandFailed


def read_seconds(text: str) -> float:
    """The seconds that a text means. Raises CommandFailed."""
    try:
        return float(parse_duration(f"{text}s" if text.isdecimal() else text))
    except (PydanticCustomError, ValueError) as error:
        raise CommandFailed(f"a time cannot be {text!r}; accepted: such as 90s, 30m, 2h or 1d") from error
