"""The API dies before and after every commit of its loops and of its runners' calls on PostgreSQL, whose claims skip
locked rows and whose writers meet.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from chaos.crash_visits import usual_points, visit
from chaos.own_postgres import OwnPostgres, own_postgres
from chaos.side_lives import SIDE_LIVES
from chaos.zygote import Zygote

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

LIFE = SIDE_LIVES["webhooks"]
"""A search that prunes and is told of: sweeps, trials, views in MLflow, clusters and messages are claimed in it."""

WHOSE = ("reconciler.", "tracking.", "webhooks.", "operations.runners:", "operations.sweeps:")
"""Modules whose transactions meet others; what a person asks for stands alone."""

AT_ONCE = 3
"""Worlds side by side; each dies at its share of the points."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


def test_life_goes_on_wherever_the_api_dies(zygote: Zygote, tmp_path: Path, postgres: OwnPostgres) -> None:
    names = count()

    def new_database() -> str:
        return postgres.create(f"life{next(names)}")

    passed = usual_points(tmp_path / "dry", zygote, LIFE, new_database)
    commits = [point for point in passed if point.partition(" the commit of ")[2].startswith(WHOSE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = pool.map(
            lambda share: visit(
                tmp_path / str(share), zygote, LIFE, commits[share::AT_ONCE], new_database=new_database
            ),
            range(AT_ONCE),
        )
    assert [problem for problem in problems if problem is not None] == []
    assert {"reconciler.loop:take_due_step", "tracking.projector:project_next_batch", "webhooks.sender:claim"} <= {
        point.rpartition(" ")[2].partition("+")[0] for point in commits
    }
