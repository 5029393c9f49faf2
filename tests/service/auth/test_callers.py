"""Scopes include one another, and everybody but an admin is kept to their own things."""

from datetime import UTC, datetime

import pytest

from service.auth.callers import Caller
from service.auth.keys import make_key
from service.errors import Forbidden
from service.schemas.keys import Scope

READ, WRITE, ADMIN = Scope.READ, Scope.WRITE, Scope.ADMIN


def caller(*scopes: Scope) -> Caller:
    return Caller.of(make_key("somebody", datetime(2026, 1, 1, tzinfo=UTC), scopes).row)


@pytest.mark.parametrize(("held", "allowed"), [(READ, {READ}), (WRITE, {READ, WRITE}), (ADMIN, {READ, WRITE, ADMIN})])
def test_a_scope_includes_the_lesser_ones(held: Scope, allowed: set[Scope]) -> None:
    assert caller(held).scopes == allowed


def test_a_missing_scope_is_named() -> None:
    with pytest.raises(Forbidden, match=r"the scope admin; the key \w+ has read, write"):
        caller(WRITE).require(ADMIN)


def test_only_an_admin_sees_what_others_have() -> None:
    assert (caller(WRITE).sees, caller(ADMIN).sees) == ("somebody", None)


def test_lists_hold_the_callers_own_things_unless_an_admin_asks_for_others() -> None:
    assert [caller(READ).owner_to_list(asked) for asked in (None, "somebody")] == ["somebody", "somebody"]
    assert [caller(ADMIN).owner_to_list(asked) for asked in (None, "else", "*")] == ["somebody", "else", None]
    for asked in ("else", "*"):
        with pytest.raises(Forbidden, match="admin"):
            caller(WRITE).owner_to_list(asked)
