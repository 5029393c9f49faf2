"""What the command is told by its environment: the only place of the CLI that reads it."""

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Surroundings:
    """Where things are."""

    home: Path
    """SUPSWEEP_HOME: the folder of the one-machine default."""
    url: str | None
    """SUPSWEEP_URL: a service elsewhere; none takes the one that runs on the home."""
    api_key: str | None = field(repr=False)
    """SUPSWEEP_API_KEY: none takes the home's key."""
    cluster_token: str | None = field(repr=False)
    """SUPSWEEP_CLUSTER_TOKEN: the token of a cluster that is registered; as an argument, everybody would see it."""

    @property
    def reports(self) -> Path:
        """Where reports of the demo are kept."""
        return self.home / "reports"


def read_surroundings() -> Surroundings:
    """The surroundings now; an empty variable is one that is not set."""
    return Surroundings(
        home=Path(os.environ.get("SUPSWEEP_HOME") or ".supsweep").absolute(),
        url=os.environ.get("SUPSWEEP_URL") or None,
        api_key=os.environ.get("SUPSWEEP_API_KEY") or None,
        cluster_token=os.environ.get("SUPSWEEP_CLUSTER_TOKEN") or None,
    )
