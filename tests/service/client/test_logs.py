"""Logs that are followed over connections that break: every line comes once."""

import json

import pytest
from fakes.scripted_service import Answer, ScriptedService

from service.client.client import SupsweepClient
from service.client.failures import ServiceUnreachable

LOGS = "/v1/sweeps/abc/logs"
END = "event: end\ndata: {}\n\n"


def block(position: str, text: str) -> str:
    """Some lines as the service writes them."""
    return f"event: log\ndata: {json.dumps({'text': text})}\nid: {position}\n\n"


def last_ids(scripted: ScriptedService) -> list[str | None]:
    """After which event each connection asked."""
    return [request.headers.get("Last-Event-ID") for request in scripted.requests_of("GET", LOGS)]


def test_a_cut_connection_goes_on_after_the_last_whole_piece(
    patient: SupsweepClient, scripted: ScriptedService
) -> None:
    one, two, three = block("1;1;1:4", "one\n"), block("1;1;1:8", "two\n"), block("1;2;1:8,2:6", "three\n")
    away = Answer('{"title": "-", "status": 503, "detail": "-", "code": "database_unavailable"}', 503)
    cut = Answer(": alive\n\n" + one + two[:-9], breaks_off=True)
    scripted.answers("GET", LOGS, cut, away, Answer(status=0), Answer(two), Answer(three + END))
    assert "".join(patient.logs("abc", follow=True)) == "one\ntwo\nthree\n"
    assert last_ids(scripted) == [None, "1;1;1:4", "1;1;1:4", "1;1;1:4", "1;1;1:8"]
    assert all(request.path.endswith("?follow=true") for request in scripted.requests_of("GET", LOGS))


def test_a_service_that_stays_away_is_told_of(impatient: SupsweepClient, scripted: ScriptedService) -> None:
    scripted.answers("GET", LOGS, Answer(block("1;1;1:4", "one\n"), breaks_off=True))
    followed = impatient.logs("abc", follow=True)
    assert next(followed) == "one\n"
    with pytest.raises(ServiceUnreachable, match="no whole answer came"):
        next(followed)


def test_logs_that_are_read_once_are_not_asked_for_again(patient: SupsweepClient, scripted: ScriptedService) -> None:
    scripted.answers("GET", LOGS, Answer("one\n", breaks_off=True))
    read = patient.logs("abc", runner_id="r-1")
    assert next(read) == "one\n"
    with pytest.raises(ServiceUnreachable):
        next(read)
    (request,) = scripted.requests_of("GET", LOGS)
    assert request.path.endswith("?follow=false&runner=r-1")
