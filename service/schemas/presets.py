"""Presets as the API shows them."""

from pydantic import BaseModel

from search_spaces.sweep_spec import SweepSpec


class PresetView(BaseModel):
    """A ready spec by name."""

    name: str
    description: str
    spec: SweepSpec
