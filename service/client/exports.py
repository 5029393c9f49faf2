"""Exports: a sweep's trials or curves as a file."""

from pathlib import Path
from typing import Literal

import httpx

from service.client.calls import Calls, checked, sweep_path
from service.client.failures import ApiError
from service.client.patience import Patience

ExportFormat = Literal["csv", "parquet"]
ExportTable = Literal["trials", "curves"]


class ExportCalls(Calls):
    """What a person takes away."""

    def export_sweep(
        self,
        sweep_id: str,
        file: Path,
        format: ExportFormat = "csv",  # noqa: A002  # as the API's users say it
        table: ExportTable = "trials",
    ) -> None:
        """Writes the export to the file, which is there only once it is whole; a broken one is begun again.

        Raises OSError when the file cannot be written.
        """
        part = file.with_name(file.name + ".part")
        patience = Patience(self._patience_seconds)
        while True:
            try:
                self._download(f"{sweep_path(sweep_id)}/export", {"format": format, "table": table}, part)
                break
            except (httpx.TransportError, ApiError) as error:
                part.unlink(missing_ok=True)
                patience.wait(self._passing_failure(error))
        part.replace(file)

    def _download(self, path: str, query: dict[str, str], part: Path) -> None:
        with part.open("wb") as stream, self._http.stream("GET", path, params=query) as answer:
            if not answer.is_success:
                answer.read()
            for chunk in checked(answer).iter_bytes():
                stream.write(chunk)
