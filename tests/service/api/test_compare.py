"""GET /v1/compare: reports side by side in three forms, and everything that cannot be put side by side."""

import httpx
import pytest
from fakes.ledger import World, small_spec
from fakes.reported import reported_sweep

from service.robustness import bootstrap
from service.robustness.side_by_side import SideBySide


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples than a report draws, for speed."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", 500)


async def compared(api: httpx.AsyncClient, sweeps: str, accept: str = "application/json") -> httpx.Response:
    return await api.get("/v1/compare", params={"sweeps": sweeps}, headers={"Accept": accept})


async def test_sides_are_the_reports_in_the_order_asked_for(api: httpx.AsyncClient, world: World) -> None:
    one, other = await reported_sweep(world), await reported_sweep(world, points=5, name="other")
    answer = await compared(api, f"{other}, {one}")
    both = SideBySide.model_validate_json(answer.content)
    assert [side.sweep.sweep_id for side in both.sweeps] == [other, one]
    assert both.cautions == ()
    report = (await api.get(f"/v1/sweeps/{one}/report")).json()
    view = report["comparisons"][0]["views"][0]
    figures = answer.json()["sweeps"][1]["comparisons"][0]
    assert figures["area_from_own_best"] == view["profiles"][0]["area"]
    assert figures["log_sd_ratio"] == view["spread"]["log_sd_ratio"]
    assert figures["failure_rate"] == view["failures"]["rate"]
    assert figures["verdicts"] == view["verdicts"]
    assert answer.json()["sweeps"][1]["arms"] == report["arms"]


async def test_sweeps_that_differ_are_shown_with_a_caution(api: httpx.AsyncClient, world: World) -> None:
    one, other = (
        await reported_sweep(world),
        await reported_sweep(world, match="epochs"),
    )
    assert (await compared(api, f"{one},{other}")).json()["cautions"] == [
        "The sweeps are matched by different costs: image_passes, epochs. Their figures do not measure the same."
    ]


@pytest.mark.parametrize(("accept", "begins"), [("text/html", "<!doctype html>"), ("text/markdown", "# digits-smoke")])
async def test_people_get_a_page_or_a_text(api: httpx.AsyncClient, world: World, accept: str, begins: str) -> None:
    one, other = await reported_sweep(world), await reported_sweep(world, name="other")
    answer = await compared(api, f"{one},{other}", accept)
    assert answer.headers["Content-Type"] == f"{accept}; charset=utf-8"
    assert answer.text.startswith(begins)
    for text in (one, other, "supcon", "cross_entropy", "P(first"):
        assert text in answer.text


@pytest.mark.parametrize(
    ("sweeps", "sentence"),
    [
        ("", "sweeps names 0 of them; accepted: two to 10 different ids"),
        ("a", "sweeps names 1 of them"),
        ("a,,", "sweeps names 1 of them"),
        (",".join(map(str, range(11))), "sweeps names 11 of them"),
        ("a,b,a", "sweeps names 'a' twice"),
    ],
)
async def test_what_is_no_comparison_is_refused(api: httpx.AsyncClient, sweeps: str, sentence: str) -> None:
    answer = await compared(api, sweeps)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_comparison")
    assert sentence in answer.json()["detail"]


async def test_missing_or_unreadable_list_is_refused(api: httpx.AsyncClient) -> None:
    assert (await api.get("/v1/compare")).status_code == 422
    assert (await compared(api, "a,\x00")).status_code == 422
    assert (await compared(api, "a," * 300)).status_code == 422


async def test_unknown_sweep_is_named(api: httpx.AsyncClient, world: World) -> None:
    answer = await compared(api, f"{await reported_sweep(world)},abc")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no sweep 'abc'")


async def test_sweep_of_others_is_not_found(api: httpx.AsyncClient, world: World, stranger: dict[str, str]) -> None:
    one, other = await reported_sweep(world), await reported_sweep(world)
    answer = await api.get("/v1/compare", params={"sweeps": f"{one},{other}"}, headers=stranger)
    assert answer.status_code == 404


async def test_sweep_without_a_report_is_named(api: httpx.AsyncClient, world: World) -> None:
    waiting = await world.create(small_spec())
    answer = await compared(api, f"{await reported_sweep(world)},{waiting}")
    assert (answer.status_code, answer.json()["code"]) == (409, "report_not_ready")
    assert waiting in answer.json()["detail"]
