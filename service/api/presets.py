"""/v1/presets: ready specs to start from."""

from typing import Annotated

from fastapi import APIRouter, Path

from search_spaces.presets import PRESETS
from service.api.dependencies import Reader
from service.errors import NotFound
from service.schemas.presets import PresetView

router = APIRouter(prefix="/v1/presets", tags=["presets"])


@router.get("", operation_id="listPresets")
async def list_presets(_caller: Reader) -> list[PresetView]:
    """Every preset with its spec."""
    return [_view(name) for name in PRESETS]


@router.get("/{name}", operation_id="getPreset")
async def get_preset(_caller: Reader, name: Annotated[str, Path(description="Name of the preset.")]) -> PresetView:
    """One preset with its spec, to be submitted as it is or changed."""
    if name not in PRESETS:
        raise NotFound(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    return _view(name)


def _view(name: str) -> PresetView:
    make_spec = PRESETS[name]
    assert make_spec.__doc__, f"preset {name} has no docstring"
    return PresetView(name=name, description=make_spec.__doc__, spec=make_spec())
