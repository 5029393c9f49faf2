"""Which code this is: the name that git has for it, for whoever notes what a result was made with."""

import json
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

GIT_SECONDS = 5.0
_DESCRIBE = ("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


@cache
def git_revision() -> str | None:
    """The commit of the code that runs, with `-dirty` where files differ from it; None where nobody knows.

    Asked of pip, which notes what it installed from a repository, then of the checkout that the code lies in.
    """
    return _revision_of_installation() or _revision_of_checkout(Path(__file__).parent)


def _revision_of_installation() -> str | None:
    try:
        origin = distribution("supsweep").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    commit = json.loads(origin or "{}").get("vcs_info", {}).get("commit_id")
    return None if commit is None else str(commit)


def _revision_of_checkout(folder: Path) -> str | None:
    """Only of a checkout of this code: an installation may lie in a folder of somebody's own repository."""
    root = folder.parent
    if not (root / ".git").exists():
        return None
    try:
        answer = subprocess.run(  # noqa: S603  # fixed words
            ["git", "-C", str(root), *_DESCRIBE],  # noqa: S607  # the user's own git
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
