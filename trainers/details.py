"""What a trial found that is no single number: one JSON file in its folder, beside the checkpoints."""

import json
import logging
from typing import Any

from trainers.folders import Folder

log = logging.getLogger(__name__)

FILE_NAME = "evaluation.json"


def write_details(folder: Folder, details: dict[str, Any]) -> None:
    """Writes the file. A storage that refuses it costs a line in the log: the scores are elsewhere."""
    content = json.dumps(details, indent=1).encode()
    try:
        folder.write(FILE_NAME, lambda file: file.write(content))
    except OSError:
        log.exception("evaluation not written folder=%s name=%s", folder, FILE_NAME)
