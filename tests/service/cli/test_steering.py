"""Commands for a sweep on its way."""

from collections.abc import Callable

import pytest
from typer.testing import Result

from search_spaces.presets import digits_smoke
from service.cli.failures import CommandFailed
from service.cli.steering import read_changes
from service.client.client import SupsweepClient
from service.lifecycle import SweepState

Supsweep = Callable[..., Result]


@pytest.fixture
def sweep_id(client: SupsweepClient) -> str:
    return client.create_sweep(digits_smoke()).id


def test_sweep_is_paused_changed_extended_and_resumed(
    supsweep: Supsweep, client: SupsweepClient, sweep_id: str
) -> None:
    assert supsweep("pause", sweep_id).stdout == f"sweep {sweep_id} (digits-smoke) is paused\n"
    assert supsweep("change", sweep_id, "--set", "priority=5", "--set", "budget.wall_clock=1h").exit_code == 0
    extended = supsweep("extend", sweep_id, "--configurations", "3")
    assert extended.stdout == f"sweep {sweep_id} (digits-smoke) is paused: 6 trials, 0 of them ended\n"
    assert supsweep("resume", sweep_id).exit_code == 0
    sweep = client.get_sweep(sweep_id)
    assert sweep.state in (SweepState.QUEUED, SweepState.RUNNING)
    assert (sweep.spec.priority, sweep.spec.budget.wall_clock) == (5, 3600)


def test_cancelled_sweep_is_tried_again(supsweep: Supsweep, client: SupsweepClient, sweep_id: str) -> None:
    supsweep("cancel", sweep_id)
    refused = supsweep("retry-failed", sweep_id)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("supsweep: ")
    while client.get_sweep(sweep_id).state is not SweepState.CANCELLED:
        pass
    assert supsweep("retry-failed", sweep_id, "--outcome", "cancelled").exit_code == 0
    assert client.get_sweep(sweep_id).trials_ended == 0


def test_clone_has_the_changes(supsweep: Supsweep, client: SupsweepClient, sweep_id: str) -> None:
    cloned = supsweep("clone", sweep_id, "--set", "design.seed=7", "--set", "name=again")
    new_id = cloned.stdout.split()[1]
    assert cloned.stdout == f"sweep {new_id} (again): 4 trials\n"
    assert client.get_sweep(new_id).spec.design.seed == 7


def test_changes_are_a_merge_patch() -> None:
    assert read_changes(["a.b=1", "a.c=[x, y]", "d=null", "e=30m"]) == {
        "a": {"b": 1, "c": ["x", "y"]},
        "d": None,
        "e": "30m",
    }


def test_change_reads_numbers_as_a_spec_does() -> None:
    assert read_changes(["budget.device_hours=1e3"]) == {"budget": {"device_hours": 1000.0}}


@pytest.mark.parametrize("text", ["priority", "=5", "a..b=1", "a=[", "a=: :", "a=!!int x"])
def test_change_that_cannot_be_read_is_a_sentence(text: str) -> None:
    with pytest.raises(CommandFailed, match="--set cannot be"):
        read_changes([text])
