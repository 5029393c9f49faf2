"""Events: followed as they happen, over broken connections."""

from collections.abc import Iterator

import httpx

from service.client.calls import CONNECT_SECONDS, checked, sweep_path
from service.client.event_stream import SILENCE_SECONDS, read_events
from service.client.failures import ApiError, ServiceUnreachable
from service.client.patience import Patience
from service.client.sweeps import SweepCalls
from service.lifecycle import FINISHED_STATES
from service.schemas.events import EventView


class EventCalls(SweepCalls):
    """What a person does with events."""

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

    def _stream(self, sweep_id: str, after: int) -> Iterator[EventView]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        with self._http.stream("GET", f"{sweep_path(sweep_id)}/events", headers=headers, timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
            yield from read_events(checked(answer).iter_bytes())
