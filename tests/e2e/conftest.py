"""A machine of its own for each test that wants one."""

from collections.abc import Iterator

import pytest
from fakes.machine import Machine, new_machine


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A home folder on which nothing runs yet."""
    with new_machine() as machine:
        yield machine
