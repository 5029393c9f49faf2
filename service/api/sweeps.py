"""/v1/sweeps: create, list, look, cancel."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from search_spaces.presets import PRESETS
from search_spaces.sweep_spec import SweepSpec
from service.api.dependencies import NO_NUL, ChangeableSweep, OwnedSweep, OwnerToList, ReadSession, WiredParts, Writer
from service.api.preconditions import IdempotencyKey
from service.api.problems import problem_responses
from service.lifecycle import SweepState
from service.operations import sweeps
from service.schemas.sweeps import SweepDetail, SweepPage

router = APIRouter(prefix="/v1/sweeps", tags=["sweeps"], responses=problem_responses(401, 403, 422))

SubmittedSpec = Annotated[
    SweepSpec,
    Body(
        openapi_examples={
            name: {"summary": make_spec.__doc__, "value": make_spec().model_dump(mode="json", exclude_defaults=True)}
            for name, make_spec in PRESETS.items()
        }
    ),
]


@router.post("", status_code=201, operation_id="createSweep", responses=problem_responses(404, 409))
async def create_sweep(
    parts: WiredParts, caller: Writer, spec: SubmittedSpec, response: Response, idempotency_key: IdempotencyKey = None
) -> SweepDetail:
    """Accepts a sweep: its spec is checked and its design drawn at once; clusters are asked later."""
    sweep_id = await sweeps.create_sweep(
        parts.database, parts.clusters, spec, owner=caller.owner, idempotency_key=idempotency_key, now=parts.clock()
    )
    response.headers["Location"] = f"/v1/sweeps/{sweep_id}"
    async with parts.database.read() as session:
        sweep = await sweeps.find_owned(session, sweep_id, caller.owner)
        return await sweeps.describe_sweep(session, parts.settings, sweep)


@router.get("", operation_id="listSweeps")
async def list_sweeps(
    session: ReadSession,
    owner: OwnerToList,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, pattern=NO_NUL)] = None,
    state: SweepState | None = None,
    name: Annotated[str | None, Query(max_length=100, pattern=NO_NUL)] = None,
    label: Annotated[
        list[Annotated[str, Query(max_length=301, pattern=NO_NUL)]] | None,
        Query(max_length=50, description="Only sweeps with this label, as `name=value`; repeat it for several."),
    ] = None,
) -> SweepPage:
    """The caller's sweeps, newest first; an admin may ask for those of others."""
    return await sweeps.list_sweeps(
        session, owner, limit=limit, cursor=cursor, state=state, name=name, labels=label or []
    )


@router.get("/{sweep_id}", operation_id="getSweep", responses=problem_responses(404))
async def get_sweep(parts: WiredParts, session: ReadSession, sweep: OwnedSweep) -> SweepDetail:
    """One sweep with the progress of its arms."""
    return await sweeps.describe_sweep(session, parts.settings, sweep)


@router.post("/{sweep_id}/cancel", operation_id="cancelSweep", responses=problem_responses(404, 409))
async def cancel_sweep(parts: WiredParts, sweep: ChangeableSweep) -> SweepDetail:
    """Cancels the sweep: nothing of it counts from now on, and its jobs are stopped. May be repeated."""
    async with parts.database.write() as session:
        await sweeps.cancel_sweep(session, parts.settings, sweep, parts.clock())
    async with parts.database.read() as session:
        return await sweeps.describe_sweep(
            session, parts.settings, await sweeps.find_owned(session, sweep.id, sweep.owner)
        )
