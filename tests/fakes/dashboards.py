"""The dashboards and alerts of deploy/observability, read for what they ask Prometheus."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
DASHBOARDS = sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))
RULES = FOLDER / "rules.yml"

_VARIABLES = {"$__rate_interval": "1m", "$cluster": ".*"}


@dataclass(frozen=True)
class Query:
    """What is asked, and where."""

    place: str
    expression: str
    legend: str = ""

    @property
    def legend_labels(self) -> set[str]:
        """Labels that the legend names."""
        return set(re.findall(r"{{(\w+)}}", self.legend))

    def labels_by_metric(self) -> Mapping[str, set[str]]:
        """Every metric that it asks for, with the labels that it selects or groups by."""
        labels: dict[str, set[str]] = defaultdict(set)
        expression = promql_parser.parse(self.expression)
        for selector in _nodes(expression, promql_parser.VectorSelector):
            labels[selector.name].update(matcher.name for matcher in selector.matchers.matchers)
        for aggregate in _nodes(expression, promql_parser.AggregateExpr):
            for selector in _nodes(aggregate.expr, promql_parser.VectorSelector):
                labels[selector.name].update(aggregate.modifier.labels if aggregate.modifier else [])
        return labels


def read(dashboard: Path) -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    content: dict[str, Any] = json.loads(dashboard.read_text())
    return content


def queries(dashboard: Path) -> list[Query]:
    """What its panels ask, Grafana's variables filled in."""
    return [
        Query(f"{dashboard.name}: {panel['title']} {target['refId']}", _filled(target["expr"]), target["legendFormat"])
        for panel in read(dashboard)["panels"]
        for target in panel["targets"]
    ]


def rules() -> list[dict[str, Any]]:
    """Every alert of rules.yml."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def rule_queries() -> list[Query]:
    """What the alerts ask."""
    return [Query(f"{RULES.name}: {rule['alert']}", rule["expr"]) for rule in rules()]


def _filled(expression: str) -> str:
    for variable, value in _VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def _nodes(expression: Any, kind: type) -> list[Any]:
    found: list[Any] = []
    promql_parser.walk(expression, found.append)
    return [node for node in found if isinstance(node, kind)]
