"""The configuration and the alerts, checked by Prometheus' own tool; and the page that explains them."""

import re
import subprocess
from pathlib import Path

import pytest
from fakes.dashboards import FOLDER, RULES, rules
from fakes.prometheus import program

HERE = Path(__file__).parent
OPERATIONS = FOLDER.parents[1] / "docs" / "operations.md"


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", "--syntax-only", FOLDER / "prometheus.yml"],
        ["check", "rules", RULES],
        ["test", "rules", HERE / "alerts.yml"],
    ],
    ids=["configuration", "rules", "alerts fire and are quiet"],
)
def test_promtool_finds_nothing_wrong(arguments: list[str]) -> None:
    answer = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_operations_page_explains_every_alert() -> None:
    table = OPERATIONS.read_text().partition("**What to alert on**")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(Supsweep\w+)`", table)) == {rule["alert"] for rule in rules()}


def test_every_alert_is_fired_by_a_test() -> None:
    tested = re.findall(r"alertname: (\w+)", (HERE / "alerts.yml").read_text())
    assert {rule["alert"] for rule in rules()} == set(tested)
