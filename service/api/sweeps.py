"""/v1/sweeps: create, list, look, clone."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from search_spaces.presets import PRESETS
from search_spaces.sweep_spec import SweepSpec
from service.api.dependencies import (
    NO_NUL,
    ChangeableSweep,
    OwnedSweep,
    OwnerToList,
    Parts,
    ReadSession,
    WiredParts,
    Writer,
)
from service.api.pages import Cursor, Limit
from service.api.preconditions import IdempotencyKey
from service.api.problems import problem_responses
from service.auth.callers import Caller
from service.db.sweeps import get
from service.lifecycle import SweepState
from service.operations import sweeps
from service.operations.preconditions import etag_of
from service.operations.progress import describe_sweep
from service.schemas.steering import CloneRequest
from service.schemas.sweeps import SweepDetail, SweepPage

AS_IT_IS = CloneRequest()
CLONE_EXAMPLES = [{"changes": {"name": "again", "design": {"seed": 1}}}]

router = APIRouter(prefix="/v1/sweeps", tags=["sweeps"])

SubmittedSpec = Annotated[
    SweepSpec,
    Body(
        openapi_examples={
            name: {"summary": make_spec.__doc__, "value": make_spec().model_dump(mode="json", exclude_defaults=True)}
            for name, make_spec in PRESETS.items()
        }
    ),
]


@router.post("", status_code=201, operation_id="createSweep", responses=problem_responses(404))
async def create_sweep(
    parts: WiredParts, caller: Writer, spec: SubmittedSpec, response: Response, idempotency_key: IdempotencyKey = None
) -> SweepDetail:
    """Accepts a sweep: its spec is checked and its design drawn at once; clusters are asked later."""
    return await _create(parts, caller, spec, response, idempotency_key)


@router.get("", operation_id="listSweeps")
async def list_sweeps(
    session: ReadSession,
    owner: OwnerToList,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[SweepState | None, Query(description="Only sweeps in this state.")] = None,
    name: Annotated[str | None, Query(max_length=100, pattern=NO_NUL, description="Only sweeps of this name.")] = None,
    label: Annotated[
        list[Annotated[str, Query(max_length=301, pattern=NO_NUL)]] | None,
        Query(max_length=50, description="Only sweeps with this label, as `name=value`; repeat it for several."),
    ] = None,
) -> SweepPage:
    """The caller's sweeps, newest first; an admin may ask for those of others."""
    return await sweeps.list_sweeps(
        session, owner, limit=limit, cursor=cursor, state=state, name=name, labels=label or []
    )


@router.get("/{sweep_id}", operation_id="getSweep")
async def get_sweep(parts: WiredParts, session: ReadSession, sweep: OwnedSweep, response: Response) -> SweepDetail:
    """One sweep with the progress of its arms.

    Its ETag is the version of what people change: the spec, and whether it is paused, resumed, cancelled, extended or
    tried again. Neither progress nor a move of the service, from queued to running for example, makes another one.
    """
    response.headers["ETag"] = etag_of(sweep.version)
    return await describe_sweep(session, parts.settings, sweep, parts.clock())


@router.post("/{sweep_id}/clone", status_code=201, operation_id="cloneSweep")
async def clone_sweep(
    parts: WiredParts,
    sweep: ChangeableSweep,
    caller: Writer,
    response: Response,
    request: Annotated[CloneRequest, Body(examples=CLONE_EXAMPLES)] = AS_IT_IS,
    idempotency_key: IdempotencyKey = None,
) -> SweepDetail:
    """Submits a new sweep of the caller's with the same spec, or with changes to it."""
    spec = sweeps.cloned_spec(sweep, request)
    return await _create(parts, caller, spec, response, idempotency_key)


async def answer_with_sweep(parts: Parts, sweep_id: str, response: Response) -> SweepDetail:
    """The sweep after a change, with its ETag."""
    async with parts.database.read() as session:
        sweep = await get(session, sweep_id)
        response.headers["ETag"] = etag_of(sweep.version)
        return await describe_sweep(session, parts.settings, sweep, parts.clock())


async def _create(
    parts: Parts, caller: Caller, spec: SweepSpec, response: Response, idempotency_key: str | None
) -> SweepDetail:
    sweep_id = await sweeps.create_sweep(
        parts.database,
        parts.settings,
        parts.clusters,
        spec,
        owner=caller.owner,
        idempotency_key=idempotency_key,
        now=parts.clock(),
    )
    response.headers["Location"] = f"/v1/sweeps/{sweep_id}"
    return await answer_with_sweep(parts, sweep_id, response)
