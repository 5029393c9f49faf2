"""How a process of the service writes its log: one line per event, with ids as fields, as text or as JSON.

Modules use the standard library's loggers and give ids as `extra`; whoever begins something of its own (a request, a
step of a sweep) binds its ids once with `structlog.contextvars`, and every line within carries them.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from service.settings import LogFormat

SECRETS = (
    (re.compile(r"(sws_[0-9a-zA-Z]+)_[0-9a-zA-Z]+"), r"\1_…"),
    (re.compile(r"(whsec_)[0-9a-zA-Z+/=]+"), r"\1…"),
    (re.compile(r"((?:Bearer|Basic)\s+)(?!sws_)[^\s\"',;]{6,}", re.IGNORECASE), r"\1…"),
    (re.compile(r"(://[^\s:/@]*):[^\s/@]+@"), r"\1:…@"),
)
"""What no line may show, wherever it came from: keys, tokens in headers, passwords in URLs."""

_CHAIN: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
]
"""From a record to the fields of its line."""


def configure_logs(log_format: LogFormat, level: str) -> None:
    """Sends every logger of this process, uvicorn's too, to standard error in that form."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_CHAIN,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _drop_private_fields,
            *_renderers(log_format),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    # They tell of every request they make; ours tell of what those are for.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def without_secrets(text: str) -> str:
    """The text with every secret that can be recognised struck out."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _drop_private_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Without what libraries put into records for themselves.

    `color_message` is uvicorn's, for terminals; where Ray was imported, its factory of records adds
    `_ray_timestamp_ns` to everybody's.
    """
    return {key: value for key, value in event.items() if key != "color_message" and not key.startswith("_")}


def _renderers(log_format: LogFormat) -> list[Any]:
    if log_format == "json":
        json = structlog.processors.JSONRenderer(ensure_ascii=False)
        return [structlog.processors.format_exc_info, json, _strike_secrets]
    text = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        timestamp_key="at",
        # A rich traceback would print the values of variables.
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [text, _strike_secrets]


def _strike_secrets(_logger: Any, _method: str, line: str) -> str:
    return without_secrets(line)
