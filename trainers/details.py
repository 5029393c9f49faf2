"""What a trial found that is no single number: one JSON file in its folder, beside the checkpoints."""

import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

FILE_NAME = "evaluation.json"


def write_details(folder: Path, details: dict[str, Any]) -> None:
    """Writes the file whole or not at all. A disk that refuses it costs a line in the log: the scores are elsewhere."""
    path = folder / FILE_NAME
    partial = path.with_suffix(".tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(details, indent=1))
        partial.replace(path)
    except OSError:
        log.exception("evaluation not written path=%s", path)
        partial.unlink(missing_ok=True)
