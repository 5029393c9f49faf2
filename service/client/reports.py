"""Reports, in every form, alone and side by side."""

from collections.abc import Mapping, Sequence
from typing import Literal

from service.client.calls import Calls, sweep_path

ReportFormat = Literal["json", "html", "markdown"]
MEDIA_TYPES: Mapping[ReportFormat, str] = {
    "json": "application/json",
    "html": "text/html",
    "markdown": "text/markdown",
}


class ReportCalls(Calls):
    """What a person does with reports."""

    def report(self, sweep_id: str, format: ReportFormat = "json") -> str:  # noqa: A002  # as the API's users say it
        """The robustness report in that format."""
        return self._call("GET", f"{sweep_path(sweep_id)}/report", headers={"Accept": MEDIA_TYPES[format]}).text

    def compare_sweeps(self, sweep_ids: Sequence[str], format: ReportFormat = "json") -> str:  # noqa: A002
        """The reports of several sweeps side by side, in that format."""
        query = {"sweeps": ",".join(sweep_ids)}
        return self._call("GET", "/v1/compare", params=query, headers={"Accept": MEDIA_TYPES[format]}).text
