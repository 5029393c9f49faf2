"""`python -m trainers.runner`: the entrypoint of the Ray job. Reads its brief and its token from the environment."""

import logging
import os
import sys

from search_spaces.runner_protocol import RunnerBrief
from trainers.runner.job import run_job


def main() -> int:
    """The exit code of the job."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        brief = RunnerBrief.model_validate_json(os.environ["SUPSWEEP_RUNNER"])
        token = os.environ["SUPSWEEP_RUNNER_TOKEN"]
    except KeyError as missing:
        print(f"{missing} is not set: runners are started by the service, with a brief and a token", file=sys.stderr)  # noqa: T201
        return 2
    return run_job(brief, token)


if __name__ == "__main__":
    sys.exit(main())
