"""The client of one service, over HTTP alone.

Every call may be repeated, so a call whose answer is lost is made again until the patience ends: a service
that is started again in the meantime costs its callers nothing.
"""

import uuid
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from search_spaces.sweep_spec import SweepSpec
from service.client.event_stream import read_events
from service.client.failures import ApiError, ServiceUnreachable, read_problem
from service.client.patience import Patience
from service.lifecycle import FINISHED_STATES, SweepState
from service.schemas.events import EventView
from service.schemas.presets import PresetView
from service.schemas.sweeps import SweepDetail, SweepPage, SweepSummary
from service.schemas.trials import TrialPage, TrialView

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
SILENCE_SECONDS = 45.0
"""An event stream that is silent for longer is dead: the service breaks silence every 15 s."""
PASSING_PROBLEMS = frozenset({"database_unavailable", "made_meanwhile"})
"""Codes of problems that the same call does not meet again a little later."""
DIRECT: dict[str, httpx.BaseTransport | None] = {"all://127.0.0.1": None, "all://localhost": None}
"""The user's proxy has no business between two processes of one machine."""

Model = TypeVar("Model")
ReportFormat = Literal["json", "html", "markdown"]
MEDIA_TYPES: Mapping[ReportFormat, str] = {
    "json": "application/json",
    "html": "text/html",
    "markdown": "text/markdown",
}


class SupsweepClient:
    """Calls one service with one key. Every call raises ApiError, or ServiceUnreachable after the patience."""

    def __init__(self, base_url: str, api_key: str, *, patience_seconds: float = 5.0) -> None:
        self.base_url = base_url.rstrip("/")
        self._patience_seconds = patience_seconds
        self._http = httpx.Client(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            mounts=DIRECT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def create_sweep(self, spec: SweepSpec | Mapping[str, Any], idempotency_key: str | None = None) -> SweepDetail:
        """Submits a sweep once, however often the call has to be repeated; the same key makes no second sweep."""
        document = spec.model_dump(mode="json", exclude_defaults=True) if isinstance(spec, SweepSpec) else dict(spec)
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return _read(SweepDetail, self._call("POST", "/v1/sweeps", json=document, headers=headers))

    def get_sweep(self, sweep_id: str) -> SweepDetail:
        """The sweep with the progress of its arms."""
        return _read(SweepDetail, self._call("GET", _sweep_path(sweep_id)))

    def list_sweeps(self, *, state: SweepState | None = None, name: str | None = None) -> Iterator[SweepSummary]:
        """The caller's sweeps, newest first; pages are fetched as they are needed."""
        filters = {"state": state, "name": name}
        for answer in self._pages("/v1/sweeps", {key: value for key, value in filters.items() if value is not None}):
            yield from _read(SweepPage, answer).items

    def cancel_sweep(self, sweep_id: str) -> SweepDetail:
        """Cancels the sweep; doing it again changes nothing."""
        return _read(SweepDetail, self._call("POST", f"{_sweep_path(sweep_id)}/cancel"))

    def list_trials(self, sweep_id: str) -> Iterator[TrialView]:
        """The sweep's trials by number; pages are fetched as they are needed."""
        for answer in self._pages(f"{_sweep_path(sweep_id)}/trials", {}):
            yield from _read(TrialPage, answer).items

    def events(self, sweep_id: str, after: int = 0) -> Iterator[EventView]:
        """Every event that follows the sequence `after`, as it happens, until the sweep has finished.

        A broken connection is opened again after the last event received, so that none is lost or comes twice.
        """
        patience = Patience(self._patience_seconds)
        while True:
            # Asked first: only the stream of a sweep that had finished before is whole when it ends.
            had_finished = self.get_sweep(sweep_id).state in FINISHED_STATES
            failure: Exception = ServiceUnreachable(f"the event stream of {self.base_url} ends again and again")
            try:
                for event in self._stream(sweep_id, after):
                    after = event.sequence
                    patience.renew()
                    yield event
                if had_finished:
                    return
            except (httpx.TransportError, ApiError) as error:
                failure = self._passing_failure(error)
            patience.wait(failure)

    def report(self, sweep_id: str, format: ReportFormat = "json") -> str:  # noqa: A002  # as the API's users say it
        """The robustness report in that format."""
        return self._call("GET", f"{_sweep_path(sweep_id)}/report", headers={"Accept": MEDIA_TYPES[format]}).text

    def presets(self) -> list[PresetView]:
        """Every preset with its spec."""
        return _read(list[PresetView], self._call("GET", "/v1/presets"))

    def preset(self, name: str) -> PresetView:
        """One preset with its spec."""
        return _read(PresetView, self._call("GET", f"/v1/presets/{quote(name, safe='')}"))

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[httpx.Response]:
        cursor: str | None = None
        while True:
            answer = self._call("GET", path, params={**query, "cursor": cursor} if cursor else query)
            yield answer
            cursor = answer.json()["next_cursor"]
            if cursor is None:
                return

    def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        patience = Patience(self._patience_seconds)
        while True:
            try:
                return _checked(self._http.request(method, path, **request))
            except (httpx.TransportError, ApiError) as error:
                patience.wait(self._passing_failure(error))

    def _stream(self, sweep_id: str, after: int) -> Iterator[EventView]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        with self._http.stream("GET", f"{_sweep_path(sweep_id)}/events", headers=headers, timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
            yield from read_events(_checked(answer).iter_bytes())

    def _passing_failure(self, error: httpx.TransportError | ApiError) -> Exception:
        """What to raise if the same call still fails later. Raises at once what no repetition helps against."""
        if isinstance(error, ApiError):
            if error.problem.code in PASSING_PROBLEMS:
                return error
            raise error
        kind = "nothing answers" if isinstance(error, httpx.ConnectError) else f"no whole answer came ({error!r})"
        return ServiceUnreachable(
            f"{kind} at {self.base_url}: see whether the service runs there; `supsweep up` starts one on this machine"
        )


def _sweep_path(sweep_id: str) -> str:
    return f"/v1/sweeps/{quote(sweep_id, safe='')}"


def _checked(answer: httpx.Response) -> httpx.Response:
    """The answer of a call that was carried out. Raises ApiError, or ServiceUnreachable for an error of others."""
    if answer.is_success:
        return answer
    problem = read_problem(answer.content)
    if problem is not None:
        raise ApiError(problem)
    raise _foreign(answer)


def _read(model: type[Model], answer: httpx.Response) -> Model:
    try:
        return TypeAdapter(model).validate_json(answer.content)
    except ValidationError as error:
        raise _foreign(answer) from error


def _foreign(answer: httpx.Response) -> ServiceUnreachable:
    return ServiceUnreachable(
        f"{answer.url} answered {answer.status_code} and not as supsweep does: see whether the URL is the service's"
    )
