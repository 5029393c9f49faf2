"""/v1/keys: make, list, look, change, rotate, revoke. A key's text is in the answer that makes it, and nowhere else."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from service.api.dependencies import NO_NUL, OwnerToList, Reader, ReadSession, WiredParts, Writer
from service.api.pages import Cursor, Limit
from service.api.preconditions import IdempotencyKey, IfMatch
from service.api.problems import problem_responses
from service.operations import keys
from service.operations.preconditions import etag_of
from service.schemas.keys import KeyChange, KeyPage, KeyRequest, KeyRotation, KeyView, NewKeyView

router = APIRouter(prefix="/v1/keys", tags=["keys"])

KeyId = Annotated[str, Path(max_length=32, pattern=NO_NUL, description="Id of the key: the part after sws_.")]

NIGHTLY = {"name": "nightly", "scopes": ["write"], "expires_at": "2027-06-30T00:00:00Z"}

SHOWN_ONCE = {"Cache-Control": "no-store"}


@router.post("", status_code=201, operation_id="createKey")
async def create_key(
    parts: WiredParts,
    caller: Writer,
    request: Annotated[KeyRequest, Body(examples=[NIGHTLY])],
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> NewKeyView:
    """Makes a key, with no more scopes than the caller's own. An admin may make one for somebody else."""
    async with parts.database.write() as session:
        key = await keys.create_key(session, parts.vault, caller, request, idempotency_key, parts.clock())
    response.headers.update({"Location": f"/v1/keys/{key.id}"} | SHOWN_ONCE)
    return key


@router.get("", operation_id="listKeys")
async def list_keys(
    session: ReadSession,
    owner: OwnerToList,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> KeyPage:
    """The caller's keys, newest first, those that do not work any more among them."""
    return await keys.list_keys(session, owner, limit=limit, cursor=cursor)


@router.get("/{key_id}", operation_id="getKey")
async def get_key(session: ReadSession, caller: Reader, key_id: KeyId, response: Response) -> KeyView:
    """One key: what it allows, when it was used last, when it ends."""
    key = await keys.find_key(session, caller, key_id)
    response.headers["ETag"] = etag_of(key.version)
    return keys.view_key(key)


@router.patch("/{key_id}", operation_id="changeKey", responses=problem_responses(409))
async def change_key(
    parts: WiredParts,
    caller: Writer,
    key_id: KeyId,
    change: Annotated[KeyChange, Body(examples=[{"expires_at": "2027-12-31T00:00:00Z"}])],
    response: Response,
    if_match: IfMatch = None,
) -> KeyView:
    """Gives a key another name or another end."""
    async with parts.database.write() as session:
        key = await keys.change_key(session, caller, key_id, change, if_match, parts.clock())
    response.headers["ETag"] = etag_of(key.version)
    return keys.view_key(key)


@router.delete("/{key_id}", status_code=204, operation_id="revokeKey", responses=problem_responses(409))
async def revoke_key(parts: WiredParts, caller: Writer, key_id: KeyId, if_match: IfMatch = None) -> None:
    """Revokes a key for good. It stays in the list. May be repeated."""
    async with parts.database.write() as session:
        await keys.revoke_key(session, caller, key_id, if_match, parts.clock())


@router.post("/{key_id}/rotate", status_code=201, operation_id="rotateKey")
async def rotate_key(
    parts: WiredParts,
    caller: Writer,
    key_id: KeyId,
    response: Response,
    rotation: Annotated[KeyRotation, Body(default_factory=KeyRotation, examples=[{"grace_seconds": 86400}])],
    idempotency_key: IdempotencyKey = None,
) -> NewKeyView:
    """A new key like this one, which ends at once or after a grace."""
    async with parts.database.write() as session:
        key = await keys.rotate_key(session, parts.vault, caller, key_id, rotation, idempotency_key, parts.clock())
    response.headers.update({"Location": f"/v1/keys/{key.id}"} | SHOWN_ONCE)
    return key
