"""What must be installed."""

import pytest

from service.embedded.failures import CannotRun
from service.embedded.installation import check_installed


def test_missing_packages_are_named_with_the_command_that_installs_them() -> None:
    with pytest.raises(
        CannotRun, match=r"no_such_ray, no_such_torch are not installed: pip install 'supsweep\[embedded\]'"
    ):
        check_installed(("no_such_ray", "json", "no_such_torch"))


def test_a_whole_installation_is_fine() -> None:
    check_installed()
