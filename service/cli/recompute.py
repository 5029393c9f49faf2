"""Makes a report again from an exported file, and holds it against the one that the service has stored."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.cli.failures import CommandFailed
from service.exports.reading import read_trials
from service.robustness.html import render_html
from service.robustness.markdown import render_markdown
from service.robustness.report import RobustnessReport, build_report

TOLERANCE = 1e-9
"""Relative: other processors and releases of numpy may round the last digits another way."""


@dataclass(frozen=True)
class Difference:
    """A place at which two reports are not the same, as a JSON pointer."""

    pointer: str
    stored: Any
    made_again: Any


def make_again(file: Path) -> RobustnessReport:
    """The report of the exported trials. Raises CommandFailed for a file that is none."""
    try:
        return build_report(*read_trials(file))
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CommandFailed(f"{file} cannot be made a report of: {error}") from error


def written_as(report: RobustnessReport, form: str) -> str:
    """The report as json, html or markdown, as the service would give it."""
    if form == "json":
        return report.model_dump_json()
    return render_html(report) if form == "html" else render_markdown(report)


def differences(stored: str, made_again: RobustnessReport) -> tuple[int, list[Difference]]:
    """How many numbers the stored report has, and where the one that was made again has others."""
    theirs = dict(_leaves(json.loads(stored), ""))
    ours = dict(_leaves(json.loads(made_again.model_dump_json()), ""))
    found = [
        Difference(pointer, theirs.get(pointer), ours.get(pointer))
        for pointer in {**theirs, **ours}
        if pointer not in theirs or pointer not in ours or not _same(theirs[pointer], ours[pointer])
    ]
    return sum(_is_number(leaf) for leaf in theirs.values()), found


def _leaves(document: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """Everything in the document that holds nothing, by its JSON pointer."""
    if isinstance(document, dict):
        for name, part in document.items():
            yield from _leaves(part, f"{pointer}/{name}")
    elif isinstance(document, list):
        for index, part in enumerate(document):
            yield from _leaves(part, f"{pointer}/{index}")
    else:
        yield pointer, document


def _same(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)
