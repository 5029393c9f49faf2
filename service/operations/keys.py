"""What a person does with API keys: make, list, look, change, rotate, revoke.

Nobody hands out more than they hold: a key makes and changes only keys that may do no more than itself and, unless
it is an admin's, that live no longer.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from service.auth.callers import Caller
from service.auth.keys import NewKey, is_secret_of, key_text, make_key
from service.auth.repeatable_secrets import RepeatableSecrets
from service.db import keys
from service.db.database import Session
from service.db.keys import KeyRow
from service.errors import Forbidden, InvalidRequest, LastAdminKey, NotFound, WrongState
from service.operations.cursors import decode_time_cursor, encode_cursor
from service.operations.idempotency import Idempotency
from service.operations.preconditions import check_version
from service.schemas.keys import KeyChange, KeyPage, KeyRequest, KeyRotation, KeyView, NewKeyView, Scope
from service.vault import Vault


async def create_key(
    session: Session, vault: Vault, caller: Caller, request: KeyRequest, idempotency_key: str | None, now: datetime
) -> NewKeyView:
    """The new key with its text; the same Idempotency-Key gives the same answer again.

    Raises Forbidden, InvalidRequest and IdempotencyKeyReused.
    """
    owner = request.owner or caller.owner
    if owner != caller.owner:
        caller.require(Scope.ADMIN)
    _require_all(caller, request.scopes)
    creation = Idempotency(caller.owner, idempotency_key, "keys", request)
    secrets = RepeatableSecrets(vault, "api key", caller.owner, idempotency_key)
    made_before = await creation.made_before(session)
    if made_before is not None:
        return await _view_again(session, caller, secrets, made_before)
    _check_expiry(caller, request.expires_at, now)
    key = make_key(owner, now, request.scopes, name=request.name, expires_at=request.expires_at, secret_of=secrets.make)
    session.add(key.row)
    creation.remember(session, key.row.id, now)
    return _view_new(key)


async def list_keys(session: Session, owner: str | None, *, limit: int, cursor: str | None) -> KeyPage:
    """A page of the owner's keys, everybody's for none, newest first."""
    after = None if cursor is None else decode_time_cursor(cursor)
    rows = await keys.page(session, owner, limit=limit + 1, after=after)
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor(last.created_at.isoformat(), last.id) if last else None
    return KeyPage(items=[view_key(row) for row in rows[:limit]], next_cursor=next_cursor)


async def find_key(session: Session, caller: Caller, key_id: str, *, lock: bool = False) -> KeyRow:
    """The caller's key of that id, anybody's for an admin. Raises NotFound for others' too."""
    key = await keys.find(session, key_id, lock=lock)
    if key is None or caller.sees not in (None, key.owner):
        raise NotFound(f"no key {key_id!r}")
    return key


async def change_key(
    session: Session, caller: Caller, key_id: str, change: KeyChange, if_match: str | None, now: datetime
) -> KeyRow:
    """Gives the key another name or another end.

    Raises PreconditionFailed, WrongState for a revoked key, and LastAdminKey.
    """
    working = await keys.lock_working(session, now)
    key = await _find_to_change(session, caller, key_id, if_match)
    _refuse_revoked(key)
    if change.name is not None:
        key.name = change.name
    if "expires_at" in change.model_fields_set:
        _check_expiry(caller, change.expires_at, now)
        if _is_sooner(change.expires_at, key.expires_at):
            _refuse_last_admin(key, working)
        key.expires_at = change.expires_at
    key.version += 1
    return key


async def rotate_key(
    session: Session,
    vault: Vault,
    caller: Caller,
    key_id: str,
    rotation: KeyRotation,
    idempotency_key: str | None,
    now: datetime,
) -> NewKeyView:
    """A new key in place of one that ends after the grace; the same Idempotency-Key gives the same one again.

    The new key has an id of its own, so that the last use of the old one tells whether somebody still has it, and
    ends when the old one would have. Raises WrongState for a key that does not work any more.
    """
    old = await _find_to_change(session, caller, key_id, if_match=None)
    creation = Idempotency(caller.owner, idempotency_key, f"keys/{key_id}/rotations", rotation)
    secrets = RepeatableSecrets(vault, "api key", caller.owner, idempotency_key)
    made_before = await creation.made_before(session)
    if made_before is not None:
        return await _view_again(session, caller, secrets, made_before)
    _refuse_revoked(old)
    if old.expires_at is not None and old.expires_at <= now:
        raise WrongState(f"key {old.id} has expired: make a new one")
    scopes = [Scope(scope) for scope in old.scopes]
    new = make_key(old.owner, now, scopes, name=old.name, expires_at=old.expires_at, secret_of=secrets.make)
    session.add(new.row)
    creation.remember(session, new.row.id, now)
    grace_ends_at = now + timedelta(seconds=rotation.grace_seconds)
    old.expires_at = min(old.expires_at or grace_ends_at, grace_ends_at)
    old.version += 1
    return _view_new(new)


async def revoke_key(session: Session, caller: Caller, key_id: str, if_match: str | None, now: datetime) -> None:
    """The key never works again; doing it again changes nothing. Raises LastAdminKey."""
    working = await keys.lock_working(session, now)
    key = await _find_to_change(session, caller, key_id, if_match)
    if key.revoked_at is not None:
        return
    _refuse_last_admin(key, working)
    key.revoked_at = now
    key.version += 1


def view_key(row: KeyRow) -> KeyView:
    """The key as the API shows it."""
    return KeyView.model_validate(row, from_attributes=True)


async def _find_to_change(session: Session, caller: Caller, key_id: str, if_match: str | None) -> KeyRow:
    key = await find_key(session, caller, key_id, lock=True)
    # A key that could rotate one with more scopes than its own would have them.
    _require_all(caller, (Scope(scope) for scope in key.scopes))
    _require_longer_life(caller, key)
    check_version(if_match, key.version)
    return key


def _require_all(caller: Caller, scopes: Iterable[Scope]) -> None:
    for scope in scopes:
        caller.require(scope)


def _require_longer_life(caller: Caller, key: KeyRow) -> None:
    """Else a key that leaked shortly before its end would live on as the one that it rotates."""
    limit = _latest_end(caller)
    if limit is not None and (key.expires_at is None or key.expires_at > limit):
        raise Forbidden(
            f"key {key.id} ends {_told(key.expires_at)}, and yours {limit.isoformat()}; accepted: keys that end no "
            "later than your own, or a key with the scope admin"
        )


def _latest_end(caller: Caller) -> datetime | None:
    """When every key ends at the latest that the caller may make or change; none is never."""
    return None if caller.is_admin else caller.key_expires_at


def _told(expires_at: datetime | None) -> str:
    return "never" if expires_at is None else expires_at.isoformat()


def _refuse_revoked(key: KeyRow) -> None:
    if key.revoked_at is not None:
        raise WrongState(f"key {key.id} is revoked for good: make a new one")


def _check_expiry(caller: Caller, expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise InvalidRequest(
            f"expires_at cannot be {expires_at.isoformat()}; accepted: a time after {now.isoformat()}", "/expires_at"
        )
    limit = _latest_end(caller)
    if limit is not None and (expires_at is None or expires_at > limit):
        raise InvalidRequest(
            f"expires_at cannot be {_told(expires_at)}; accepted: up to {limit.isoformat()}, when your own key expires",
            "/expires_at",
        )


def _is_sooner(end: datetime | None, than: datetime | None) -> bool:
    return end is not None and (than is None or end < than)


def _refuse_last_admin(key: KeyRow, working: Iterable[KeyRow]) -> None:
    if {one.id for one in working if Scope.ADMIN in one.scopes} == {key.id}:
        raise LastAdminKey(
            f"key {key.id} is the last one with the scope admin: make another before you revoke it or end it sooner"
        )


def _view_new(key: NewKey) -> NewKeyView:
    return NewKeyView(**view_key(key.row).model_dump(), key=key.text)


async def _view_again(session: Session, caller: Caller, secrets: RepeatableSecrets, key_id: str) -> NewKeyView:
    row = await keys.find(session, key_id)
    assert row is not None, f"the key that was made before vanished: {key_id}"
    _require_longer_life(caller, row)
    secret = secrets.make_again(row.id, lambda secret: is_secret_of(row, secret))
    return NewKeyView(**view_key(row).model_dump(), key=key_text(row.id, secret))
