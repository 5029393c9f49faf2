"""Finds the service and the key that opens it."""

from pathlib import Path

from service.cli.failures import CommandFailed
from service.cli.surroundings import Surroundings, read_surroundings
from service.client.client import SupsweepClient
from service.embedded.home import Home
from service.embedded.up_file import read_up_file

SHORT_PATIENCE_SECONDS = 5.0
FOLLOWING_PATIENCE_SECONDS = 60.0
"""For commands that run for minutes: a service that dies is started again within this time."""


def connect(patience_seconds: float = SHORT_PATIENCE_SECONDS) -> SupsweepClient:
    """A client of the service that the surroundings name. Raises CommandFailed when they name none."""
    surroundings = read_surroundings()
    return SupsweepClient(find_url(surroundings), find_api_key(surroundings), patience_seconds=patience_seconds)


def find_url(surroundings: Surroundings) -> str:
    """SUPSWEEP_URL, else the service that runs on the home."""
    if surroundings.url is not None:
        if not surroundings.url.startswith(("http://", "https://")):
            raise CommandFailed(f"SUPSWEEP_URL cannot be {surroundings.url!r}; accepted: http://… or https://…")
        return surroundings.url
    running = read_up_file(Home(surroundings.home).up_file)
    if running is None:
        raise CommandFailed(
            f"no service runs on {surroundings.home}: start one with `supsweep up`, "
            "or name one elsewhere with SUPSWEEP_URL"
        )
    return running.api_url


def find_api_key(surroundings: Surroundings) -> str:
    """SUPSWEEP_API_KEY, else the key in the home."""
    if surroundings.api_key is not None:
        if not surroundings.api_key.isascii():
            raise CommandFailed("SUPSWEEP_API_KEY is not a key; accepted: sws_ and what the service wrote behind it")
        return surroundings.api_key
    return read_home_key(surroundings.home)


def read_home_key(home: Path) -> str:
    """The key that the service made on this home."""
    file = home / "api_key"
    try:
        return file.read_text().strip()
    except OSError as error:
        raise CommandFailed(
            f"no API key in {file} ({error.strerror}): the service makes one at its first start, and "
            "`supsweep keys first` another; for a service elsewhere set SUPSWEEP_API_KEY"
        ) from error
