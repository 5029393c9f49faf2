"""What this control plane is made of, as it is noted beside what it shows."""

import functools
import platform
from importlib.metadata import version

from search_spaces.revision import git_revision
from service.tracking.view import Environment

PACKAGES = ("fastapi", "mlflow-skinny", "numpy", "optuna", "plotly", "scipy", "sqlalchemy")
"""Those that draw, compute or show something."""


@functools.cache
def read_environment() -> Environment:
    """The environment of this process, read once."""
    return Environment(
        version=version("supsweep"),
        revision=git_revision(),
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
    )
