"""What can be proven of the images without a container engine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from deploy.compose_file import ROOT

BESIDE_PYTHON = Path(sys.executable).parent
DOCKERFILES = sorted((ROOT / "deploy/docker").glob("*.Dockerfile"))
SCRIPTS = [ROOT / "deploy/docker/ray-node", *sorted((ROOT / "deploy/compose").glob("*.sh"))]

of_each_image = pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)


def test_the_images_are_these() -> None:
    assert [path.stem for path in DOCKERFILES] == ["control-plane", "mlflow", "ray"]


@of_each_image
def test_the_linter_has_nothing_to_say(dockerfile: Path) -> None:
    linted = subprocess.run(
        [BESIDE_PYTHON / "hadolint", "--no-color", dockerfile], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    checked = subprocess.run([BESIDE_PYTHON / "shellcheck", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


@of_each_image
def test_it_runs_as_nobody_in_particular(dockerfile: Path) -> None:
    """A number, since Kubernetes' runAsNonRoot cannot look names up."""
    assert re.findall(r"^USER (.*)$", dockerfile.read_text(), re.MULTILINE) == ["10001:10001"]


@of_each_image
def test_everything_installed_is_pinned(dockerfile: Path) -> None:
    """By constraints.txt, or because it is our own wheel."""
    text = dockerfile.read_text().replace("\\\n", " ")
    installs = re.findall(r"pip install[^&\n]*", text)
    assert installs
    assert [one for one in installs if "--constraint" not in one and "--no-index" not in one] == []


@of_each_image
def test_an_older_builder_understands_it(dockerfile: Path) -> None:
    """No frontend from a registry, and no here-documents, which want one."""
    assert "# syntax" not in dockerfile.read_text()
    assert "<<" not in dockerfile.read_text()


def test_a_build_sees_nothing_but_what_it_needs() -> None:
    """Secrets and state are not even sent to the engine."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    seen = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert seen == {
        "pyproject.toml",
        "constraints.txt",
        "README.md",
        "LICENSE",
        "search_spaces",
        "service",
        "trainers",
        "deploy/docker",
    }
