"""Sweeps: submit, look, steer."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from service.client.calls import Calls, read, sweep_path
from service.lifecycle import SweepState
from service.schemas.preview import PlanPreview
from service.schemas.sweeps import SweepDetail, SweepPage, SweepSummary
from service.schemas.workers import JoinedRunner


class SweepCalls(Calls):
    """What a person does with sweeps."""

    def create_sweep(self, spec: SweepSpec | Mapping[str, Any], idempotency_key: str | None = None) -> SweepDetail:
        """Submits a sweep once, however often the call has to be repeated; the same key makes no second sweep."""
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return read(SweepDetail, self._call("POST", "/v1/sweeps", json=_document(spec), headers=headers))

    def preview_sweep(self, spec: SweepSpec | Mapping[str, Any]) -> PlanPreview:
        """What the sweep would be, cost and tell; nothing is submitted."""
        return read(PlanPreview, self._call("POST", "/v1/sweeps/preview", json=_document(spec)))

    def get_sweep(self, sweep_id: str) -> SweepDetail:
        """The sweep with the progress of its arms."""
        return read(SweepDetail, self._call("GET", sweep_path(sweep_id)))

    def list_sweeps(
        self,
        *,
        state: SweepState | None = None,
        name: str | None = None,
        owner: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Iterator[SweepSummary]:
        """The caller's sweeps, newest first, those with all the labels; pages are fetched as they are needed.

        An admin may ask for another owner's, or for everybody's with *.
        """
        filters = {"state": state, "name": name, "owner": owner}
        query: dict[str, Any] = {key: value for key, value in filters.items() if value is not None}
        if labels:
            query["label"] = [f"{label}={value}" for label, value in labels.items()]
        for answer in self._pages("/v1/sweeps", query):
            yield from read(SweepPage, answer).items

    def cancel_sweep(self, sweep_id: str) -> SweepDetail:
        """Cancels the sweep; doing it again changes nothing."""
        return self._steer(sweep_id, "cancel")

    def pause_sweep(self, sweep_id: str) -> SweepDetail:
        """Pauses the sweep: running trials come back with their last checkpoint."""
        return self._steer(sweep_id, "pause")

    def resume_sweep(self, sweep_id: str) -> SweepDetail:
        """Goes on with a paused sweep."""
        return self._steer(sweep_id, "resume")

    def extend_sweep(
        self, sweep_id: str, *, configurations: int | None = None, replicates: int | None = None
    ) -> SweepDetail:
        """Makes the design as large as this; what was drawn before stays, and a finished sweep goes on."""
        wanted = {"configurations": configurations, "replicates": replicates}
        return self._steer(sweep_id, "extend", {name: value for name, value in wanted.items() if value is not None})

    def retry_failed(self, sweep_id: str, outcomes: Sequence[Outcome] = (Outcome.FAILED,)) -> SweepDetail:
        """Plans the trials again that ended so."""
        return self._steer(sweep_id, "retry-failed", {"outcomes": list(outcomes)})

    def change_sweep(self, sweep_id: str, changes: Mapping[str, Any], if_match: str | None = None) -> SweepDetail:
        """Changes what may change while a sweep runs, by a JSON Merge Patch; with an `etag`, only what was seen."""
        headers = {"If-Match": if_match} if if_match else {}
        return read(SweepDetail, self._call("PATCH", sweep_path(sweep_id), json=dict(changes), headers=headers))

    def clone_sweep(self, sweep_id: str, changes: Mapping[str, Any] | None = None) -> SweepDetail:
        """Submits a new sweep with the same spec, or with changes to it (a JSON Merge Patch)."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"changes": dict(changes or {})}
        return read(SweepDetail, self._call("POST", f"{sweep_path(sweep_id)}/clone", json=body, headers=headers))

    def join_sweep(self, sweep_id: str, name: str) -> JoinedRunner:
        """Opens one runner for a worker of the caller's own, however often the call has to be repeated."""
        path, headers = f"{sweep_path(sweep_id)}/workers", {"Idempotency-Key": uuid.uuid4().hex}
        return read(JoinedRunner, self._call("POST", path, json={"name": name}, headers=headers))

    def _steer(self, sweep_id: str, action: str, body: Mapping[str, Any] | None = None) -> SweepDetail:
        request = {} if body is None else {"json": dict(body)}
        return read(SweepDetail, self._call("POST", f"{sweep_path(sweep_id)}/{action}", **request))


def _document(spec: SweepSpec | Mapping[str, Any]) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude_defaults=True) if isinstance(spec, SweepSpec) else dict(spec)
