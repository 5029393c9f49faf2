"""Writes the OpenAPI document from the code: `python -m service.cli.openapi docs/openapi.json`."""

import json
import sys
from pathlib import Path

from service.main import build_app
from service.settings import Settings


def openapi_document() -> str:
    """The document as it is served, with sorted keys."""
    return json.dumps(build_app(Settings()).openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(openapi_document())
