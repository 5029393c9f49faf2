"""The dashboards: Grafana knows every word of them, and every name that they ask for exists."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.dashboards import DASHBOARDS, FOLDER, Query, queries, read, rule_queries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.parser import text_string_to_metric_families

from search_spaces.outcomes import Outcome
from service.lifecycle import SweepState

PROMETHEUS_ADDS = {"instance", "job"}
PROMETHEUS_HAS = {"up", "ALERTS"}
"""Series that it makes itself."""

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda file: file.stem)
OF_THE_SERVICE = [query for file in DASHBOARDS if file.stem != "ray" for query in queries(file)] + rule_queries()


@every_dashboard
def test_grafana_knows_every_word(dashboard: Path) -> None:
    register_default_plugins()
    understood = json.loads(json.dumps(Dashboard.from_json(read(dashboard)), cls=JSONEncoder))
    assert list(_lost(read(dashboard), understood)) == []


@every_dashboard
def test_every_panel_says_what_it_shows_in_which_unit(dashboard: Path) -> None:
    for panel in read(dashboard)["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]


@every_dashboard
def test_every_panel_asks_the_prometheus_that_was_chosen(dashboard: Path) -> None:
    (chosen,) = [one for one in read(dashboard)["templating"]["list"] if one["type"] == "datasource"]
    assert (chosen["name"], chosen["query"]) == ("datasource", "prometheus")
    for panel in read(dashboard)["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@every_dashboard
def test_panels_have_ids_of_their_own_and_do_not_overlap(dashboard: Path) -> None:
    panels = read(dashboard)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = Counter(cell for panel in panels for cell in _cells(panel["gridPos"]))
    assert set(cells.values()) == {1}
    assert max(x for x, _y in cells) < 24


def test_dashboards_have_uids_and_titles_of_their_own() -> None:
    assert len({read(file)["uid"] for file in DASHBOARDS}) == len(DASHBOARDS) == 3
    assert len({read(file)["title"] for file in DASHBOARDS}) == len(DASHBOARDS)


def test_every_outcome_and_state_has_a_colour_of_its_own() -> None:
    panels = {panel["title"]: panel for panel in read(FOLDER / "grafana/dashboards/sweeps.json")["panels"]}
    for title, words in (
        ("Trials ended, by outcome", Outcome),
        ("Trials that end per minute", Outcome),
        ("Sweeps by state", SweepState),
    ):
        colours = {
            override["matcher"]["options"]: override["properties"][0]["value"]["fixedColor"]
            for override in panels[title]["fieldConfig"]["overrides"]
        }
        assert set(colours) == {word.value for word in words}
        assert len(set(colours.values())) == len(colours)


def test_grafana_finds_what_is_provisioned() -> None:
    provisioning = FOLDER / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/supsweep.yml").read_text())["providers"]
    scraping = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["global"]["scrape_interval"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert source["jsonData"]["timeInterval"] == scraping
    assert f"{provider['options']['path']}/sweeps.json" in (FOLDER / "grafana/grafana.ini").read_text()


@pytest.mark.parametrize("query", OF_THE_SERVICE, ids=lambda query: query.place)
def test_every_name_is_one_that_the_service_has(query: Query, names_of_the_service: dict[str, set[str]]) -> None:
    for metric, labels in query.labels_by_metric().items():
        if metric not in PROMETHEUS_HAS:
            assert labels <= names_of_the_service[metric] | PROMETHEUS_ADDS


@pytest.fixture(scope="session")
def names_of_the_service(scraped_service: Any) -> dict[str, set[str]]:
    """Every series of the service, with the names of its labels."""
    families = text_string_to_metric_families(scraped_service.text())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def _lost(written: Any, understood: Any, place: str = "") -> Iterator[str]:
    """Where something was written that Grafana's own types know nothing of."""
    if isinstance(written, dict):
        for key, value in written.items():
            if key in understood:
                yield from _lost(value, understood[key], f"{place}.{key}")
            else:
                yield f"{place}.{key}"
    elif isinstance(written, list):
        for index, value in enumerate(written):
            yield from _lost(value, understood[index], f"{place}[{index}]")
    elif written != understood:
        yield f"{place}: {written!r} was understood as {understood!r}"


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y
