"""A machine of its own for each test, and a proof that nothing of it is left."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.machine import Machine, wait_until


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A home folder on which nothing runs yet."""
    # Not tmp_path: a socket's path may not be longer than 107 characters.
    with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder:
        machine = Machine(Path(folder) / "home")
        try:
            yield machine
        finally:
            machine.end()
        wait_until(lambda: not machine.processes(), 30, "every process to be gone")
