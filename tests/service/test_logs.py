"""Every line has its ids as fields, whoever wrote it, and shows no secret, whoever put it there."""

import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

import service
from service.logs import configure_logs, without_secrets
from service.settings import LogFormat

LEVELS = ("debug", "info", "warning", "error", "exception", "critical", "log")
KEY = "sws_0a1b2c3d_" + "f" * 64


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leaves the root logger and the factory of records as they were."""
    root = logging.getLogger()
    handlers, level, factory = root.handlers[:], root.level, logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)
    root.handlers[:], root.level = handlers, level


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_json_line_carries_the_ids_that_are_bound_and_those_that_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "info")
    with bound_contextvars(sweep="abc"):
        logging.getLogger("service.somewhere").info("runner submitted", extra={"cluster": "local"})
    (line,) = lines(capsys)
    assert line.pop("at")
    assert line == {
        "event": "runner submitted",
        "level": "info",
        "logger": "service.somewhere",
        "sweep": "abc",
        "cluster": "local",
    }


def logging_calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a logger, with its place; not those of `supsweep up`, a command that writes sentences."""
    package = Path(service.__file__).parent
    for file in sorted(package.rglob("*.py")):
        if file.is_relative_to(package / "embedded"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=level)) if level in LEVELS:
                    yield f"{file.relative_to(package)}:{node.lineno}", node


def test_every_message_is_the_same_words_each_time_and_what_differs_is_a_field() -> None:
    calls = dict(logging_calls())
    assert len(calls) > 20
    for place, call in calls.items():
        *_level, message = call.args
        assert isinstance(message, ast.Constant), f"{place}: the message is put together, give what differs as extra"
        assert len(call.args) == (2 if call.func.attr == "log" else 1), f"{place}: give what differs as extra"  # type: ignore[attr-defined]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_what_libraries_put_into_every_record_for_themselves_is_no_field(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat
) -> None:
    plain = logging.getLogRecordFactory()

    def stamped_as_ray_does(*words: Any, **names: Any) -> logging.LogRecord:
        record = plain(*words, **names)
        record.__dict__["_ray_timestamp_ns"] = 7
        return record

    logging.setLogRecordFactory(stamped_as_ray_does)
    configure_logs(log_format, "info")
    logging.getLogger("service").info("started", extra={"port": 1, "color_message": "coloured"})
    text = capsys.readouterr().err
    assert "port" in text
    assert "_ray_timestamp_ns" not in text
    assert "coloured" not in text


def test_traceback_is_a_field_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "info")
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        logging.getLogger("service").exception("step failed")
    (line,) = lines(capsys)
    assert "ZeroDivisionError: by nothing" in str(line["exception"])


def test_text_names_the_same_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("text", "info")
    with bound_contextvars(sweep="abc"):
        logging.getLogger("service").warning("late", extra={"seconds": 3})
    text = capsys.readouterr().err
    assert "late" in text
    assert "sweep=abc" in text
    assert "seconds=3" in text


def test_levels_below_the_chosen_one_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "warning")
    logging.getLogger("service").info("chatter")
    assert lines(capsys) == []


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_secret_reaches_a_line(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure_logs(log_format, "info")  # type: ignore[arg-type]
    logging.getLogger("service").info("refused: %s", KEY, extra={"header": f"Bearer {KEY}"})
    try:
        raise OSError("cannot reach postgresql+asyncpg://me:hush@db/ledger with Bearer qqq-token")
    except OSError:
        logging.getLogger("service").exception("away")
    text = capsys.readouterr().err
    assert "ffff" not in text
    assert "hush" not in text
    assert "qqq-token" not in text
    assert "sws_0a1b2c3d_…" in text, "which key it was may be told"


def test_what_is_no_secret_stays() -> None:
    text = "GET https://service:8000/v1/sweeps of key sws_0a1b2c3d, the bearer of news"
    assert without_secrets(text) == text
