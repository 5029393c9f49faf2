"""Logs: what the runners of a sweep have printed, read once or followed over broken connections."""

from collections.abc import Iterator, Mapping

import httpx

from service.client.calls import ANSWER_SECONDS, CONNECT_SECONDS, Calls, checked, sweep_path
from service.client.event_stream import SILENCE_SECONDS, ServerSentEvent, read_stream
from service.client.failures import ApiError, ServiceUnreachable
from service.client.patience import Patience
from service.schemas.logs import END_KIND, LogPiece


class LogCalls(Calls):
    """What a person does with logs."""

    def logs(self, sweep_id: str, *, runner_id: str | None = None, follow: bool = False) -> Iterator[str]:
        """The logs piece by piece; with `follow` until the sweep has finished, however long runners are silent.

        What is followed goes on after the last piece received when a connection breaks; else it is not repeated.
        """
        query = {"follow": str(follow).lower()} | ({"runner": runner_id} if runner_id is not None else {})
        return self._follow_logs(sweep_id, query) if follow else self._read_logs(sweep_id, query)

    def _read_logs(self, sweep_id: str, query: Mapping[str, str]) -> Iterator[str]:
        timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        try:
            with self._http.stream("GET", f"{sweep_path(sweep_id)}/logs", params=query, timeout=timeout) as answer:
                if not answer.is_success:
                    answer.read()
                yield from checked(answer).iter_text()
        except httpx.TransportError as error:
            raise self._passing_failure(error) from error

    def _follow_logs(self, sweep_id: str, query: Mapping[str, str]) -> Iterator[str]:
        patience, position = Patience(self._patience_seconds), ""
        while True:
            failure: Exception = ServiceUnreachable(f"the log stream of {self.base_url} ends again and again")
            try:
                for event in self._log_stream(sweep_id, query, position):
                    if event.kind == END_KIND:
                        return
                    position = event.id
                    patience.renew()
                    yield LogPiece.model_validate_json(event.data).text
            except (httpx.TransportError, ApiError) as error:
                failure = self._passing_failure(error)
            patience.wait(failure)

    def _log_stream(self, sweep_id: str, query: Mapping[str, str], position: str) -> Iterator[ServerSentEvent]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": position} if position else {})
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        with self._http.stream(
            "GET", f"{sweep_path(sweep_id)}/logs", params=query, headers=headers, timeout=timeout
        ) as answer:
            if not answer.is_success:
                answer.read()
            yield from read_stream(checked(answer).iter_bytes())
