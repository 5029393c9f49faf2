"""Presets: ready specs to start from."""

from urllib.parse import quote

from service.client.calls import Calls, read
from service.schemas.presets import PresetView


class PresetCalls(Calls):
    """What a person does with presets."""

    def presets(self) -> list[PresetView]:
        """Every preset with its spec."""
        return read(list[PresetView], self._call("GET", "/v1/presets"))

    def preset(self, name: str) -> PresetView:
        """One preset with its spec."""
        return read(PresetView, self._call("GET", f"/v1/presets/{quote(name, safe='')}"))
