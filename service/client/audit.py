"""Audits, MLflow's view, and the end of a sweep."""

from service.client.calls import Calls, read, sweep_path
from service.client.failures import ApiError
from service.schemas.audit import AuditView, RepairView
from service.schemas.sweeps import SweepDetail

LONG_SECONDS = 900.0
"""For calls in which the service asks others about every trial."""


class AuditCalls(Calls):
    """What a person does to see, and to make sure, that all agree."""

    def audit_sweep(self, sweep_id: str) -> AuditView:
        """Where the ledger disagrees with its own rules, with Ray and with MLflow."""
        return read(AuditView, self._call("GET", f"{sweep_path(sweep_id)}/audit", timeout=LONG_SECONDS))

    def repair_sweep(self, sweep_id: str) -> RepairView:
        """Sets right what can be."""
        return read(RepairView, self._call("POST", f"{sweep_path(sweep_id)}/audit", timeout=LONG_SECONDS))

    def rebuild_mlflow_view(self, sweep_id: str) -> SweepDetail:
        """Has the sweep's runs in MLflow made anew, in the background."""
        return read(SweepDetail, self._call("POST", f"{sweep_path(sweep_id)}/mlflow/rebuild"))

    def delete_sweep(
        self, sweep_id: str, *, mlflow_runs: bool = False, checkpoints: bool = False, if_match: str | None = None
    ) -> None:
        """Deletes a finished sweep, with an `etag` only what was seen; one that is gone already is fine."""
        query = {"mlflow_runs": mlflow_runs, "checkpoints": checkpoints}
        headers = {"If-Match": if_match} if if_match else {}
        try:
            self._call("DELETE", sweep_path(sweep_id), params=query, headers=headers, timeout=LONG_SECONDS)
        except ApiError as error:
            if error.problem.code != "not_found":
                raise
