"""A real Prometheus with the project's configuration scrapes what is really there, and every panel has numbers."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.dashboards import DASHBOARDS, Query, queries
from fakes.prometheus import Prometheus, Scraped, prometheus
from prometheus_client.parser import text_string_to_metric_families

NUMBERS_SECONDS = 90.0
NEEDS_A_DRIVER = ("ray_node_gpus_utilization", "ray_node_gram_used")
"""What Ray exports only where it finds the driver of a GPU."""

OF_THE_SERVICE = [query for file in DASHBOARDS if file.stem != "ray" for query in queries(file)]
OF_RAY = [query for file in DASHBOARDS if file.stem == "ray" for query in queries(file)]


def test_every_panel_of_the_service_shows_numbers(scraped_service: Scraped, tmp_path: Path) -> None:
    with prometheus(tmp_path, {"api": scraped_service}) as one:
        _wait_for_numbers(one, OF_THE_SERVICE)
        assert _values(one, 'up{job="supsweep"}') == [1]
        assert _values(one, 'max(supsweep_trials_ended{outcome="completed"})') == [1]
        assert _values(one, "sum(max by (cluster) (supsweep_trials_running))") == [1]
        assert _values(one, "max(supsweep_device_seconds)") == [3]
        assert one.ask('ALERTS{alertstate="firing"}') == []


@pytest.mark.ray
def test_every_panel_of_ray_shows_numbers(ray_node: Scraped, tmp_path: Path) -> None:
    with prometheus(tmp_path, {"ray-head": ray_node, "ray-head-2": ray_node}) as one:
        _wait_for_numbers(one, [query for query in OF_RAY if not _needs_a_driver(query)])
        for cluster in ("local", "second"):
            assert _values(one, f'ray_resources{{Name="CPU",State="AVAILABLE",cluster="{cluster}"}}') == [2]
            assert _values(one, f'ray_resources{{Name="GPU",State="AVAILABLE",cluster="{cluster}"}}') == [1]
        assert one.ask('{otel_scope_name!=""}') == []


@pytest.mark.ray
@pytest.mark.parametrize("query", OF_RAY, ids=lambda query: query.place)
def test_every_name_is_one_that_ray_has(query: Query, names_of_ray: dict[str, set[str]]) -> None:
    for metric, labels in query.labels_by_metric().items():
        assert labels | query.legend_labels <= names_of_ray[metric] | {"instance", "cluster"}


@pytest.fixture(scope="session")
def names_of_ray(ray_node: Scraped) -> dict[str, set[str]]:
    """Every series of a node with the names of its labels; of those that need a driver, what Ray's source says."""
    from ray.dashboard.consts import GPU_TAG_KEYS  # noqa: PLC0415  # takes seconds
    from ray.dashboard.modules.reporter.reporter_agent import METRICS_GAUGES  # noqa: PLC0415

    families = text_string_to_metric_families(ray_node.text())
    names = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    of_gpus = {f"ray_{name}": set(GPU_TAG_KEYS) for name in METRICS_GAUGES if f"ray_{name}" in NEEDS_A_DRIVER}
    return names | of_gpus


def _needs_a_driver(query: Query) -> bool:
    return not query.labels_by_metric().keys().isdisjoint(NEEDS_A_DRIVER)


def _wait_for_numbers(one: Prometheus, asked: Sequence[Query]) -> None:
    """Returns once every query has a series with every label that its legend names."""
    deadline = time.monotonic() + NUMBERS_SECONDS
    while without := [query.place for query in asked if not _has_numbers(one, query)]:
        assert time.monotonic() < deadline, without
        time.sleep(0.5)


def _has_numbers(one: Prometheus, query: Query) -> bool:
    series = one.ask(query.expression)
    return bool(series) and all(query.legend_labels <= single["metric"].keys() for single in series)


def _values(one: Prometheus, expression: str) -> list[float]:
    return [float(series["value"][1]) for series in one.ask(expression)]
