"""deploy/compose/new-env.sh, which makes the secrets."""

import shutil
import stat
import subprocess
from pathlib import Path

from deploy.compose_file import ROOT, secrets_of_files, text, variables

from service.settings import Settings

SCRIPT = "deploy/compose/new-env.sh"


def run(root: Path) -> subprocess.CompletedProcess[str]:
    """The script in a checkout of its own."""
    (root / SCRIPT).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / SCRIPT, root / SCRIPT)
    return subprocess.run(["sh", SCRIPT], cwd=root, capture_output=True, text=True, check=False, timeout=10)


def read(root: Path) -> dict[str, str]:
    """The variables of .env."""
    lines = [line for line in (root / ".env").read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_it_makes_every_secret_that_compose_asks_for(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    asked_for = {variable.name for variable in variables(text()) if variable.sentence} | secrets_of_files()
    assert set(read(tmp_path)) == asked_for


def test_only_its_owner_reads_them(tmp_path: Path) -> None:
    run(tmp_path)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_they_are_long_and_never_the_same(tmp_path: Path) -> None:
    run(tmp_path / "one")
    run(tmp_path / "two")
    one, two = read(tmp_path / "one"), read(tmp_path / "two")
    assert len({*one.values(), *two.values()}) == len(one) + len(two)
    assert min(map(len, one.values())) >= 44


def test_the_service_takes_the_key_that_seals_secrets(tmp_path: Path) -> None:
    run(tmp_path)
    key = read(tmp_path)["SUPSWEEP_SECRET_KEYS"]
    assert Settings(secret_keys=key).secret_keys is not None


def test_it_leaves_secrets_alone_that_are_there(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RAY_AUTH_TOKEN=mine\n")
    refused = run(tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith(".env is there already")
    assert (tmp_path / ".env").read_text() == "RAY_AUTH_TOKEN=mine\n"
