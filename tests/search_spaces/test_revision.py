"""Which code this is."""

import subprocess
from pathlib import Path

import pytest

from search_spaces import revision


def _git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    answer = subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The package in a checkout with one commit."""
    package = tmp_path / "search_spaces"
    package.mkdir()
    (package / "code.py").write_text("1")
    for words in (("init",), ("add", "."), ("commit", "-m", "first"), ("tag", "v1")):
        _git(tmp_path, *words)
    return package


def test_a_checkout_tells_its_commit_and_whether_files_differ(checkout: Path) -> None:
    commit = _git(checkout, "rev-parse", "HEAD")
    assert revision._revision_of_checkout(checkout) == commit
    (checkout / "code.py").write_text("2")
    assert revision._revision_of_checkout(checkout) == f"{commit}-dirty"


def test_an_installation_in_somebodys_repository_is_not_taken_for_it(checkout: Path) -> None:
    installed = checkout / "site-packages" / "search_spaces"
    installed.mkdir(parents=True)
    assert revision._revision_of_checkout(installed) is None


def test_without_git_nobody_knows(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert revision._revision_of_checkout(checkout) is None


def test_pip_tells_the_commit_that_it_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed:
        def read_text(self, name: str) -> str:
            assert name == "direct_url.json"
            return '{"url": "https://example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}'

    monkeypatch.setattr(revision, "distribution", lambda name: Installed())
    assert revision._revision_of_installation() == "abc"
