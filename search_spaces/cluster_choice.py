"""How a spec chooses clusters: by name, or by label."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from search_spaces.vocabulary import refusal, short

_CHOICE = r"^[A-Za-z0-9][A-Za-z0-9_.-]*(=[A-Za-z0-9][A-Za-z0-9_.-]*)?$"


def _check_choice(choice: str) -> str:
    if not re.fullmatch(_CHOICE, choice):
        message = f"a cluster cannot be chosen by {short(choice)}"
        accepted = "its name, or key=value for every cluster with that label"
        raise refusal(message, at=[], value=choice, accepted=accepted)
    return choice


ClusterChoice = Annotated[
    str,
    Field(min_length=1, max_length=201, json_schema_extra={"pattern": _CHOICE}),
    AfterValidator(_check_choice),
]
"""The name of a cluster, or `key=value` for every cluster with that label."""
