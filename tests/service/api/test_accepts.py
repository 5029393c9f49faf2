"""Accept as browsers, scripts and standards write it."""

import httpx
import pytest
from fakes.ledger import World

from service.api.accepts import EVENTS, HTML, JSON, MARKDOWN, preferred
from service.db.reports import ReportRow

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", JSON),
        ("", JSON),
        (JSON, JSON),
        (HTML, HTML),
        (FIREFOX, HTML),
        ("application/json, text/html;q=0.1", JSON),
        ("application/json;q=0.1, text/html", HTML),
        ("text/html;q=0.1, application/json", JSON),
        ("text/markdown;q=0.9, text/html;q=0.8, */*;q=0.1", MARKDOWN),
        ("text/*", HTML),
        ("text/*, text/html;q=0", MARKDOWN),
        ("*/*;q=0.5, text/html;q=0.4", JSON),
        ("TEXT/HTML; Q=1.0", HTML),
        ("text/html;level=1;q=0.3, application/json;q=0.2", HTML),
        ("image/png", JSON),
        ("application/json;q=0, text/html;q=0, text/markdown;q=0", JSON),
        ("text/html;q=much, application/json;q=0.9", HTML),
        (",;,=;q", JSON),
    ],
)
def test_the_best_of_what_is_offered_is_chosen(accept: str, form: str) -> None:
    assert preferred(accept, JSON, HTML, MARKDOWN) == form


def test_the_first_that_is_offered_is_for_those_who_do_not_care() -> None:
    assert preferred("*/*", EVENTS, JSON) == EVENTS


async def test_a_report_comes_in_the_form_that_is_preferred(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    async with world.database.write() as session:
        row = ReportRow(sweep_id=sweep_id, json="{}", markdown="#", html="<p>", created_at=world.clock())
        session.add(row)
    for accept, form in (("application/json, text/html;q=0.1", JSON), (FIREFOX, HTML), (MARKDOWN, MARKDOWN)):
        answer = await api.get(f"/v1/sweeps/{sweep_id}/report", headers={"Accept": accept})
        assert answer.headers["Content-Type"].startswith(form)
