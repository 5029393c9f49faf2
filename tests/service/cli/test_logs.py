"""`supsweep logs`: text as it comes, of all runners or of one."""

import json
from collections.abc import Callable

import pytest
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

from service.schemas.sweeps import SweepDetail

Supsweep = Callable[..., Result]
LOG = "==> runner r-1 on cluster local, live <==\nepoch 1: größer\n"


@pytest.fixture
def place(scripted: ScriptedService, sweep: SweepDetail) -> str:
    """Path of the logs of a sweep."""
    scripted.answers("GET", f"/v1/sweeps/{sweep.id}", Answer(sweep.model_dump_json()))
    return f"/v1/sweeps/{sweep.id}/logs"


def test_logs_are_written_as_they_are(
    supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail, place: str
) -> None:
    scripted.answers("GET", place, Answer(LOG))
    result = supsweep("logs", sweep.id)
    assert (result.exit_code, result.stdout) == (0, LOG)
    assert scripted.requests_of("GET", place)[0].path.endswith("?follow=false")


def test_one_runner_is_followed(supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail, place: str) -> None:
    pieces = [f"data: {json.dumps({'text': text})}\nid: 1;1;1:9\nevent: log\n\n" for text in (LOG[:60], LOG[60:])]
    end = "event: end\ndata: {}\n\n"
    scripted.answers("GET", place, Answer(pieces[0], breaks_off=True), Answer(pieces[1] + end))
    assert supsweep("logs", sweep.id, "--follow", "--runner", "r-1").stdout == LOG
    assert scripted.requests_of("GET", place)[0].path.endswith("?follow=true&runner=r-1")


def test_logs_that_break_off_are_told_of(
    supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail, place: str
) -> None:
    scripted.answers("GET", place, Answer(LOG, breaks_off=True))
    result = supsweep("logs", sweep.id)
    assert (result.exit_code, result.stdout) == (1, LOG)
    assert "no whole answer came" in result.stderr


def test_a_refusal_is_a_sentence(supsweep: Supsweep, scripted: ScriptedService, sweep: SweepDetail, place: str) -> None:
    problem = '{"title": "Not found", "status": 404, "detail": "no runner \'x\'", "code": "not_found"}'
    scripted.answers("GET", place, Answer(problem, status=404))
    result = supsweep("logs", sweep.id, "--runner", "x")
    assert (result.exit_code, result.stderr) == (1, "supsweep: no runner 'x'\n")
