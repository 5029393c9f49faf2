"""Calls of one service over HTTP, repeated until they are answered: what the calls of every noun are made of.

Every call may be repeated, so a call whose answer is lost is made again until the patience ends: a service
that is started again in the meantime costs its callers nothing.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from service.client.failures import ApiError, ServiceUnreachable, read_problem
from service.client.patience import Patience

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
PASSING_PROBLEMS = frozenset(
    {"database_unavailable", "lookups_busy", "made_meanwhile", "no_room", "rate_limited", "stopping"}
)
"""Codes of problems that the same call does not meet again a little later."""
DIRECT: dict[str, httpx.BaseTransport | None] = {"all://127.0.0.1": None, "all://localhost": None}
"""The user's proxy has no business between two processes of one machine."""

Model = TypeVar("Model")


class Calls:
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

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[httpx.Response]:
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
                return checked(self._http.request(method, path, **request))
            except (httpx.TransportError, ApiError) as error:
                patience.wait(self._passing_failure(error))

    def _delete(self, path: str, **request: Any) -> None:
        """Deletes. What is not there when the call is repeated was deleted by a try whose answer was lost."""
        patience = Patience(self._patience_seconds)
        is_repeated = False
        while True:
            try:
                checked(self._http.request("DELETE", path, **request))
                return
            except (httpx.TransportError, ApiError) as error:
                if is_repeated and isinstance(error, ApiError) and error.problem.code == "not_found":
                    return
                patience.wait(self._passing_failure(error))
                is_repeated = True

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


def sweep_path(sweep_id: str) -> str:
    """Path of a sweep."""
    return f"/v1/sweeps/{quote(sweep_id, safe='')}"


def checked(answer: httpx.Response) -> httpx.Response:
    """The answer of a call that was carried out. Raises ApiError, or ServiceUnreachable for an error of others."""
    if answer.is_success:
        return answer
    problem = read_problem(answer.content)
    if problem is not None:
        raise ApiError(problem, retry_after_seconds=_retry_after_seconds(answer))
    raise _foreign(answer)


def read(model: type[Model], answer: httpx.Response) -> Model:
    """The answer as a model. Raises ServiceUnreachable for one that is not the service's."""
    try:
        return TypeAdapter(model).validate_json(answer.content)
    except ValidationError as error:
        raise _foreign(answer) from error


def _retry_after_seconds(answer: httpx.Response) -> float:
    """RFC 9110 allows a date too, which our service never writes."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else 0.0


def _foreign(answer: httpx.Response) -> ServiceUnreachable:
    return ServiceUnreachable(
        f"{answer.url} answered {answer.status_code} and not as supsweep does: see whether the URL is the service's"
    )
