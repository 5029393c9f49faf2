"""A person's own worker, as the API sees it."""

from typing import Annotated

from pydantic import BaseModel, Field

from search_spaces.runner_protocol import RunnerBrief
from search_spaces.sweep_spec import Name
from search_spaces.vocabulary import Vocabulary


class JoinRequest(Vocabulary):
    """A person's own worker that wants to run trials of a sweep."""

    name: Annotated[Name, Field(max_length=80)] = Field(description="What it is called in the sweep's list of runners.")


class JoinedRunner(BaseModel):
    """What a worker needs for its two calls. The token is shown only here."""

    brief: RunnerBrief
    token: str = Field(description="Opens ask and report of this runner, until it is fenced or has finished.")
    lease_seconds: float = Field(description="Silence after which it is fenced.")
