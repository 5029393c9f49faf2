"""Logs: what the runners of a sweep have printed."""

from collections.abc import Iterator

import httpx

from service.client.calls import ANSWER_SECONDS, CONNECT_SECONDS, Calls, checked, sweep_path


class LogCalls(Calls):
    """What a person does with logs."""

    def logs(self, sweep_id: str, *, runner_id: str | None = None, follow: bool = False) -> Iterator[str]:
        """The logs piece by piece; with `follow` until the sweep has finished, however long runners are silent.

        Not repeated when it breaks off: what has been written would come again.
        """
        query = {"follow": str(follow).lower()} | ({"runner": runner_id} if runner_id is not None else {})
        timeout = httpx.Timeout(None if follow else ANSWER_SECONDS, connect=CONNECT_SECONDS)
        try:
            with self._http.stream("GET", f"{sweep_path(sweep_id)}/logs", params=query, timeout=timeout) as answer:
                if not answer.is_success:
                    answer.read()
                yield from checked(answer).iter_text()
        except httpx.TransportError as error:
            raise self._passing_failure(error) from error
