"""Commands against the real service: submit, ls, show, watch, cancel, and ids that are abbreviated."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import Result

from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from service.client.client import SupsweepClient
from service.lifecycle import SweepState

Supsweep = Callable[..., Result]
DOCUMENT = digits_smoke().model_dump(mode="json", exclude_defaults=True)


def submitted_id(result: Result) -> str:
    """The id in what `submit` says."""
    assert result.exit_code == 0, result.stderr
    return str(result.stdout.split()[1])


@pytest.mark.parametrize(("name", "write"), [("sweep.yaml", yaml.safe_dump), ("sweep.json", json.dumps)])
def test_submit_takes_a_file(
    supsweep: Supsweep, client: SupsweepClient, tmp_path: Path, name: str, write: Callable[[object], str]
) -> None:
    file = tmp_path / name
    file.write_text(write(DOCUMENT))
    assert client.get_sweep(submitted_id(supsweep("submit", file))).spec == digits_smoke()


def test_submit_takes_a_preset(supsweep: Supsweep, client: SupsweepClient) -> None:
    result = supsweep("submit", "digits_smoke")
    assert client.get_sweep(submitted_id(result)).spec == digits_smoke()
    assert "4 trials" in result.stdout


def test_submit_tells_what_the_service_refuses(supsweep: Supsweep, client: SupsweepClient, tmp_path: Path) -> None:
    file = tmp_path / "sweep.json"
    file.write_text(json.dumps(DOCUMENT | {"clusters": ["moon"]}))
    result = supsweep("submit", file)
    assert result.exit_code == 1
    assert result.stderr.startswith("supsweep: unknown cluster 'moon'; registered: local")


@pytest.mark.usefixtures("service")
def test_ls_lists_the_newest_first(supsweep: Supsweep) -> None:
    ids = [submitted_id(supsweep("submit", "digits_smoke")) for _ in range(2)]
    lines = supsweep("ls", "--limit", 2).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", *ids[::-1]]
    assert lines[1].split()[1] == "digits-smoke"


@pytest.mark.usefixtures("service")
def test_ls_of_no_sweeps_says_what_to_do(supsweep: Supsweep) -> None:
    assert "supsweep submit" in supsweep("ls", "--name", "nobody").stdout


@pytest.mark.usefixtures("service")
def test_show_takes_an_abbreviated_id(supsweep: Supsweep) -> None:
    sweep_id = submitted_id(supsweep("submit", "digits_smoke"))
    result = supsweep("show", sweep_id[:9])
    assert result.exit_code == 0
    assert sweep_id in result.stdout
    assert "cross_entropy" in result.stdout


def test_ambiguous_id_is_told_with_the_candidates(supsweep: Supsweep, client: SupsweepClient) -> None:
    ids = {client.create_sweep(digits_smoke()).id for _ in range(17)}
    # Sixteen first digits: two of the seventeen begin alike.
    prefix = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    result = supsweep("show", prefix)
    assert result.exit_code == 1
    assert f"sweeps begin with '{prefix}'" in result.stderr


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("command", ["show", "watch", "report", "cancel"])
@pytest.mark.parametrize("sweep_id", ["nothing-begins-so", "../keys", "x" * 99])
def test_unknown_id_is_a_sentence(supsweep: Supsweep, command: str, sweep_id: str) -> None:
    result = supsweep(command, sweep_id)
    assert result.exit_code == 1
    assert result.stderr == f"supsweep: no sweep {sweep_id!r}; `supsweep ls` lists yours\n"


def test_cancelled_sweep_is_watched_to_its_end_and_fails(supsweep: Supsweep, client: SupsweepClient) -> None:
    sweep_id = client.create_sweep(vary(digits_smoke(), name="to-cancel")).id
    assert "to-cancel" in supsweep("cancel", sweep_id).stdout
    result = supsweep("watch", sweep_id)
    assert result.exit_code == 1
    assert result.stderr == f"supsweep: sweep {sweep_id} was cancelled: cancelled by its owner\n"
    assert "supcon 2/2: trial" in result.stdout
    assert client.get_sweep(sweep_id).state is SweepState.CANCELLED


def test_cancelling_a_finished_sweep_again_is_fine(supsweep: Supsweep, client: SupsweepClient) -> None:
    sweep_id = client.create_sweep(digits_smoke()).id
    assert [supsweep("cancel", sweep_id).exit_code for _ in range(2)] == [0, 0]


@pytest.mark.usefixtures("service")
def test_report_that_is_not_ready_is_a_sentence(supsweep: Supsweep) -> None:
    result = supsweep("report", submitted_id(supsweep("submit", "digits_smoke")))
    assert result.exit_code == 1
    assert "its report comes when every trial has ended" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("submit",),
        ("show",),
        ("ls", "--limit", "0"),
        ("report", "abc", "--format", "pdf"),
        ("demo", "--configurations", "0"),
        ("up", "--port", "70000"),
        ("fly",),
    ],
)
def test_wrong_call_exits_with_2(supsweep: Supsweep, words: tuple[str, ...]) -> None:
    result = supsweep(*words)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_demo_refuses_an_unknown_preset(supsweep: Supsweep) -> None:
    result = supsweep("demo", "--preset", "moon")
    assert result.exit_code == 1
    assert result.stderr.startswith("supsweep: no preset 'moon'; there are digits_smoke")


def test_demo_refuses_more_configurations_than_a_sweep_may_have(supsweep: Supsweep) -> None:
    result = supsweep("demo", "--configurations", "99999999")
    assert result.exit_code == 1
    assert "99999999" in result.stderr.replace(",", "")
    assert "accepted" in result.stderr
