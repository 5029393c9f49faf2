"""/v1/clusters: register, list, look, change, check, delete. Everybody may look; admins change."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from service.api.dependencies import NO_NUL, Admin, Parts, Reader, ReadSession, WiredParts, Writer
from service.api.pages import Cursor, Limit
from service.api.preconditions import IdempotencyKey, IfMatch
from service.api.problems import problem_responses
from service.operations import clusters
from service.operations.cluster_checks import check_cluster
from service.operations.preconditions import etag_of
from service.schemas.clusters import ClusterChange, ClusterPage, ClusterView, NewCluster

router = APIRouter(prefix="/v1/clusters", tags=["clusters"])

ClusterName = Annotated[str, Path(max_length=100, pattern=NO_NUL, description="Name of the cluster.")]


@router.post("", status_code=201, operation_id="createCluster", responses=problem_responses(404))
async def create_cluster(
    parts: WiredParts,
    caller: Admin,
    new: NewCluster,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ClusterView:
    """Registers a Ray cluster: sweeps may choose it from now on. It is asked how it is within seconds."""
    async with parts.database.write() as session:
        name = await clusters.create_cluster(
            session, parts.vault, new, owner=caller.owner, idempotency_key=idempotency_key, now=parts.clock()
        )
    response.headers["Location"] = f"/v1/clusters/{name}"
    return await _answer_with_cluster(parts, name, response)


@router.get("", operation_id="listClusters")
async def list_clusters(
    session: ReadSession,
    _caller: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ClusterPage:
    """Every cluster by name: how it is, what of it is free, what of ours runs there."""
    return await clusters.list_clusters(session, limit=limit, cursor=cursor)


@router.get("/{name}", operation_id="getCluster")
async def get_cluster(parts: WiredParts, _caller: Reader, name: ClusterName, response: Response) -> ClusterView:
    """One cluster: how it is, what of it is free, what of ours runs there."""
    return await _answer_with_cluster(parts, name, response)


@router.patch("/{name}", operation_id="changeCluster", responses=problem_responses(409))
async def change_cluster(
    parts: WiredParts,
    _caller: Admin,
    name: ClusterName,
    change: Annotated[ClusterChange, Body(examples=[{"labels": {"gpu": "h200"}}])],
    response: Response,
    if_match: IfMatch = None,
) -> ClusterView:
    """Changes where a cluster is, its token, its labels, its TLS, and what runs there runs on; or drains it."""
    async with parts.database.write() as session:
        await clusters.change_cluster(session, parts.vault, name, change, if_match=if_match, now=parts.clock())
    return await _answer_with_cluster(parts, name, response)


@router.delete("/{name}", status_code=204, operation_id="deleteCluster", responses=problem_responses(409))
async def delete_cluster(parts: WiredParts, _caller: Admin, name: ClusterName, if_match: IfMatch = None) -> None:
    """Deletes a cluster that no unfinished sweep has a runner on; Ray itself is left alone."""
    async with parts.database.write() as session:
        await clusters.delete_cluster(session, name, if_match=if_match)


@router.post("/{name}/check", operation_id="checkCluster")
async def check(parts: WiredParts, _caller: Writer, name: ClusterName, response: Response) -> ClusterView:
    """Asks the cluster now how it is, and waits for its answer for at most ten seconds."""
    async with parts.database.read() as session:
        row = await clusters.find_cluster(session, name)
    await check_cluster(parts.database, parts.clusters, row, parts.clock())
    return await _answer_with_cluster(parts, name, response)


async def _answer_with_cluster(parts: Parts, name: str, response: Response) -> ClusterView:
    async with parts.database.read() as session:
        row = await clusters.find_cluster(session, name)
        response.headers["ETag"] = etag_of(row.version)
        return await clusters.describe_cluster(session, row)
