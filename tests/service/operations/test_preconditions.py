"""If-Match names the versions for which a change holds."""

import pytest

from service.errors import PreconditionFailed
from service.operations.preconditions import check_version, etag_of


@pytest.mark.parametrize("if_match", [None, "*", '"3"', '"2", "3"'])
def test_change_holds(if_match: str | None) -> None:
    check_version(if_match, 3)


@pytest.mark.parametrize("if_match", ['"2"', "3", 'W/"3"', ""])
def test_change_does_not_hold(if_match: str) -> None:
    with pytest.raises(PreconditionFailed, match='is "3" now'):
        check_version(if_match, 3)


def test_etag_is_quoted() -> None:
    assert etag_of(12) == '"12"'
