"""Reports, in every form."""

from collections.abc import Mapping
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
