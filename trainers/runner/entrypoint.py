"""What a process is told that runs trials: its brief and its token, from the environment."""

import logging
import os
import sys

from search_spaces.runner_protocol import RunnerBrief

USAGE_ERROR = 2
TOKEN = "SUPSWEEP_RUNNER_TOKEN"  # noqa: S105  # the name of the variable


def read_surroundings() -> tuple[RunnerBrief, str]:
    """The brief and the token. Ends the process with a sentence where one is missing. Starts its log."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        # Taken out: what a trial starts has no business with the token.
        return RunnerBrief.model_validate_json(os.environ["SUPSWEEP_RUNNER"]), os.environ.pop(TOKEN)
    except KeyError as missing:
        print(f"{missing} is not set: runners are started by the service, with a brief and a token", file=sys.stderr)  # noqa: T201
        sys.exit(USAGE_ERROR)


def forget_token() -> None:
    """Takes the token out of a trial's process: Ray gives a job's environment to each of its actors too."""
    os.environ.pop(TOKEN, None)
