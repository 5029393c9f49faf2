"""How a call to the service can fail, in sentences that may be shown to people."""

from pydantic import ValidationError

from service.schemas.problems import Problem


class ApiError(Exception):
    """The service refused: `problem` tells people why, and programs by its `code`.

    `retry_after_seconds`: before that the same call would be refused again, the service says.
    """

    def __init__(self, problem: Problem, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds


class ServiceUnreachable(Exception):
    """Nothing at the service's URL answers as the service would. What was asked may have been done or not."""


def read_problem(content: bytes) -> Problem | None:
    """The problem document of an error's body; none when the service did not write it."""
    try:
        return Problem.model_validate_json(content)
    except ValidationError:
        return None
