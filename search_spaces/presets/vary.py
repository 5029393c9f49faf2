"""Derives one spec from another."""

from collections.abc import Mapping
from typing import Any

from search_spaces.sweep_spec import SweepSpec


def vary(spec: SweepSpec, **changes: Any) -> SweepSpec:
    """The spec with top-level fields replaced, mappings merged key by key; checked like a new one."""
    document = spec.model_dump(mode="json", exclude_defaults=True)
    return SweepSpec.model_validate(_merged(document, changes))


def _merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(document)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result
