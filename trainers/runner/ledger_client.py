"""The two calls of the runner protocol over HTTP, one try each; who calls decides when to try again."""

from http import HTTPStatus
from typing import TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from search_spaces.runner_protocol import AskAnswer, AskRequest, ReportAnswer, ReportRequest, RunnerBrief
from search_spaces.vocabulary import Vocabulary

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
"""Seconds. Well below a lease: a call that hangs must not keep the next heartbeat away until the runner is fenced."""

_RETRIED_STATUSES = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})

_ASK_ANSWER: TypeAdapter[AskAnswer] = TypeAdapter(AskAnswer)
_REPORT_ANSWER: TypeAdapter[ReportAnswer] = TypeAdapter(ReportAnswer)

_Answer = TypeVar("_Answer")


class ServiceUnreachable(Exception):
    """No answer that could be understood: the call may or may not have been counted, and may be repeated."""


class RunnerRefused(Exception):
    """The service has answered that it does not want this runner, or not this call: repeating it will not help."""


class LedgerClient:
    """The ledger as one runner sees it. `transport` replaces the network."""

    def __init__(self, brief: RunnerBrief, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=f"{brief.service_url.rstrip('/')}/v1/runners/{brief.runner_id}",
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=TIMEOUT,
            transport=transport,
        )

    def ask(self, request: AskRequest) -> AskAnswer:
        """A trial, or to wait, or that there is nothing more. Raises ServiceUnreachable, RunnerRefused."""
        return _understood(_ASK_ANSWER, self._post("/ask", request))

    def report(self, request: ReportRequest) -> ReportAnswer:
        """What the runner must do. Raises ServiceUnreachable, RunnerRefused."""
        return _understood(_REPORT_ANSWER, self._post("/report", request))

    def _post(self, path: str, request: Vocabulary) -> bytes:
        try:
            response = self._http.post(path, content=request.model_dump_json())
        except httpx.TransportError as error:
            raise ServiceUnreachable(f"no answer to {path}: {error or type(error).__name__}") from error
        if response.is_success:
            return response.content
        sentence = f"{path} was answered {response.status_code}: {response.text[:500]}"
        if response.is_client_error and response.status_code not in _RETRIED_STATUSES:
            raise RunnerRefused(sentence)
        raise ServiceUnreachable(sentence)


def _understood(adapter: TypeAdapter[_Answer], content: bytes) -> _Answer:
    """What a service of another release, or a proxy in between, says is as good as no answer."""
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        raise ServiceUnreachable(f"an answer that is not of the runner protocol: {error}") from error
