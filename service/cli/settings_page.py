"""Writes the page of settings from the code: `python -m service.cli.settings_page docs/settings.md`."""

import sys
from pathlib import Path

from pydantic import BaseModel

from search_spaces.reference import field_row
from service.settings import ClusterSettings, Quota, Settings

INTRODUCTION = """\
# Settings

Every process of the service reads them from its environment, and nowhere else; lists and maps are JSON.
This page is written from the code by `make docs`; [operations.md](operations.md) says which of them matter when.
"""
HEAD = "| {} | accepts | default | meaning |\n|---|---|---|---|\n"


def settings_page() -> str:
    """The whole page, in Markdown."""
    return "\n".join(
        [
            INTRODUCTION,
            _table(Settings, "variable", prefix="SUPSWEEP_"),
            "## One cluster of `SUPSWEEP_CLUSTERS`\n",
            _table(ClusterSettings, "field"),
            "## One quota of `SUPSWEEP_QUOTAS`\n",
            _table(Quota, "field"),
        ]
    )


def _table(model: type[BaseModel], title: str, prefix: str = "") -> str:
    fields = model.model_fields.items()
    rows = [field_row(f"{prefix}{name.upper() if prefix else name}", field) for name, field in fields]
    return HEAD.format(title) + "".join(f"{row}\n" for row in rows)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings_page())
