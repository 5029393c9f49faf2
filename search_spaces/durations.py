"""Durations as people write them: seconds, or a number with a unit such as `90s`, `30m`, `2h`, `1d`."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def parse_duration(value: Any) -> Any:
    """Seconds of a written duration; anything else is returned for pydantic to judge."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd])\s*", value)
    if match is None:
        raise PydanticCustomError("duration", "Input should be seconds or a text such as 90s, 30m, 2h or 1d")
    return float(match[1]) * _SECONDS[match[2]]


Duration = Annotated[float, BeforeValidator(parse_duration), Field(gt=0)]
"""Seconds, greater than 0."""
