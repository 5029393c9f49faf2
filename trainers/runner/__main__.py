"""`python -m trainers.runner`: the entrypoint of the Ray job."""

import sys

from trainers.runner.entrypoint import read_surroundings
from trainers.runner.job import run_job

if __name__ == "__main__":
    sys.exit(run_job(*read_surroundings()))
