"""Trials: list them, look at one."""

from collections.abc import Iterator

from service.client.calls import Calls, read, sweep_path
from service.schemas.trials import TrialPage, TrialView


class TrialCalls(Calls):
    """What a person does with trials."""

    def list_trials(self, sweep_id: str) -> Iterator[TrialView]:
        """The sweep's trials by number; pages are fetched as they are needed."""
        for answer in self._pages(f"{sweep_path(sweep_id)}/trials", {}):
            yield from read(TrialPage, answer).items
