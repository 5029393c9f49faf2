"""Ready specs to start from."""

import httpx


async def test_every_preset_can_be_submitted_as_it_is(api: httpx.AsyncClient) -> None:
    presets = (await api.get("/v1/presets")).json()
    assert {preset["name"] for preset in presets} >= {"digits_smoke", "digits_demo"}
    for preset in presets:
        assert (await api.post("/v1/sweeps", json=preset["spec"])).status_code == 201


async def test_unknown_preset_is_404_and_names_the_known_ones(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/presets/nothing")
    assert answer.status_code == 404
    assert "digits_demo" in answer.json()["detail"]
