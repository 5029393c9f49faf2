"""Specs as people hand them to the command: a YAML file, a JSON file, or the name of a preset."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from search_spaces.presets import PRESETS
from search_spaces.refusals import refusals
from search_spaces.sweep_spec import SweepSpec
from service.cli.failures import CommandFailed

SUFFIXES = (".yaml", ".yml", ".json")


def read_spec(source: str) -> SweepSpec:
    """The spec in a file, or the preset of that name. Raises CommandFailed with everything that is wrong with it."""
    path = Path(source)
    if path.suffix in SUFFIXES or path.exists():
        return check_spec(_read_document(path), source)
    if source not in PRESETS:
        raise CommandFailed(f"{source!r} is neither a file nor a preset; presets: {', '.join(PRESETS)}")
    return PRESETS[source]()


def check_spec(document: Any, source: str) -> SweepSpec:
    """The document as a spec. Raises CommandFailed with the sentences that the service would refuse it with."""
    try:
        return SweepSpec.model_validate(document)
    except ValidationError as error:
        found = refusals(error.errors(), document)
        sentences = "; ".join(dict.fromkeys(refusal.detail for refusal in found))
        raise CommandFailed(f"{source}: {sentences}") from error


def parse_yaml(text: str) -> Any:
    """The document in a text, numbers as YAML 1.2 writes them. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_YamlLoader)  # noqa: S506


def _read_document(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else parse_yaml(text)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{path} cannot be read: it is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise CommandFailed(f"{path} is not JSON: {error}") from error
    except yaml.YAMLError as error:
        raise CommandFailed(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except (ValueError, AttributeError) as error:
        # PyYAML's constructors raise these for a tag or a number that its resolver took for what it is not.
        raise CommandFailed(f"{path} holds a value that is not what it looks like: {error}") from error
    except RecursionError as error:
        raise CommandFailed(f"{path} is nested too deeply for a spec") from error


class _YamlLoader(yaml.SafeLoader):
    """Reads 1e-3 as a number, as YAML 1.2 does; PyYAML takes it for a text."""


# A date is a text in JSON, so it is one here.
_YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_YamlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)
