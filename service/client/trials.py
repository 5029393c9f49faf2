"""Trials: list them, look at one, follow its curves."""

from collections.abc import Iterator, Sequence
from typing import Any

from search_spaces.outcomes import Outcome
from service.client.calls import Calls, read, sweep_path
from service.lifecycle import TrialState
from service.schemas.curves import Curve, TrialCurves
from service.schemas.trials import TrialDetail, TrialPage, TrialView


class TrialCalls(Calls):
    """What a person does with trials."""

    def list_trials(
        self,
        sweep_id: str,
        *,
        arm: str | None = None,
        state: TrialState | None = None,
        outcome: Outcome | None = None,
        point: int | None = None,
    ) -> Iterator[TrialView]:
        """The sweep's trials by number, those that match every filter; pages are fetched as they are needed."""
        filters = {"arm": arm, "state": state, "outcome": outcome, "point": point}
        query = {name: value for name, value in filters.items() if value is not None}
        for answer in self._pages(f"{sweep_path(sweep_id)}/trials", query):
            yield from read(TrialPage, answer).items

    def get_trial(self, sweep_id: str, number: int) -> TrialDetail:
        """One trial with every attempt at it."""
        return read(TrialDetail, self._call("GET", f"{sweep_path(sweep_id)}/trials/{number}"))

    def curves(
        self, sweep_id: str, number: int, *, names: Sequence[str] = (), points: int | None = None
    ) -> dict[str, Curve]:
        """The trial's curves by metric, those of the names or all, thinned out to at most so many points."""
        query: dict[str, Any] = {"names": list(names)} | ({} if points is None else {"points": points})
        answer = self._call("GET", f"{sweep_path(sweep_id)}/trials/{number}/metrics", params=query)
        return read(TrialCurves, answer).curves
