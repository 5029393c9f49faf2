"""Ray's Jobs REST API over HTTP, without the Ray package.

Facts of Ray 2.60 that shape this file: a duplicate submission id is answered with 500 and a traceback, so
after any refusal a GET decides; a dead dashboard says nothing about its jobs, so no answer is never failure.
"""

import json
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from service.clusters.protocol import (
    ClusterRefused,
    ClusterUnreachable,
    JobLog,
    JobState,
    JobSubmission,
    ListedJob,
    Sighting,
)
from service.clusters.ray_resources import free, held_by_groups, nodes_alive, total, used_as_told

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds. A submission answers once the job's supervisor is created, which takes some seconds on a busy head."""

MOST_LOG_BYTES = 8 * 2**20
"""Of the JSON that Ray sends a log in, always from its beginning and without an end."""
LONGEST_ESCAPE = len("\\ud83d")

LONGEST_LIST = "10000"
"""The most that Ray's State API lists."""

Found = TypeVar("Found")


class RayJobs:
    """One Ray cluster, by the base URL of its dashboard and its bearer token (none: authentication is off).

    `tls` says whose certificates are trusted where the URL is https.
    """

    def __init__(self, address: str, token: str | None, tls: ssl.SSLContext | None = None) -> None:
        self._address = address
        self._token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        verify = True if tls is None else tls
        self._http = httpx.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT, verify=verify)

    async def submit(self, job: JobSubmission) -> None:
        """See ClusterClient."""
        body = {
            "submission_id": job.submission_id,
            "entrypoint": job.entrypoint,
            "runtime_env": {"env_vars": dict(job.environment)},
            "metadata": dict(job.metadata),
        }
        try:
            response = await self._request("POST", "/api/jobs/", body)
            problem = None if response.is_success else self._problem(response)
        except ClusterUnreachable as unreachable:
            problem = unreachable
        if problem is not None and await self.state(job.submission_id) is None:
            raise problem

    async def state(self, submission_id: str) -> JobState | None:
        """See ClusterClient."""
        response = await self._request("GET", f"/api/jobs/{submission_id}")
        return None if _knows_no_job(response) else self._read(response, lambda body: JobState(body["status"]))

    async def stop(self, submission_id: str) -> None:
        """See ClusterClient."""
        state = await self.state(submission_id)
        if state is None or state.is_over:
            return
        response = await self._request("POST", f"/api/jobs/{submission_id}/stop")
        if not response.is_success and not _knows_no_job(response):
            raise self._problem(response)

    async def logs(self, submission_id: str) -> JobLog | None:
        """See ClusterClient."""
        response, is_cut = await self._request_beginning(f"/api/jobs/{submission_id}/logs", MOST_LOG_BYTES)
        if _knows_no_job(response):
            return None
        text = self._understood(response, _beginning_of_log) if is_cut else self._read(response, _log)
        return JobLog(self._without_token(text), is_cut)

    async def list_jobs(self) -> list[ListedJob]:
        """See ClusterClient. The list holds every job's environment, which is left alone."""
        return self._read(await self._request("GET", "/api/jobs/"), _listed_jobs)

    async def check(self) -> Sighting:
        """See ClusterClient."""
        version = await self._get("/api/version", lambda body: str(body["ray_version"]))
        nodes = await self._get(f"/api/v0/nodes?limit={LONGEST_LIST}", nodes_alive)
        used = await self._get("/api/cluster_status", used_as_told)
        if used is None:
            used = await self._get(f"/api/v0/placement_groups?detail=1&limit={LONGEST_LIST}", held_by_groups)
        return Sighting(
            ray_version=version,
            nodes=len(nodes),
            cpus_total=total("CPU", nodes),
            cpus_free=free("CPU", nodes, used),
            gpus_total=total("GPU", nodes),
            gpus_free=free("GPU", nodes, used),
        )

    async def aclose(self) -> None:
        """See ClusterClient."""
        await self._http.aclose()

    def _without_token(self, log: str) -> str:
        """A job has the cluster's token in its environment, and may print it."""
        return log if self._token is None else log.replace(self._token, "<redacted>")

    async def _get(self, path: str, read: Callable[[Any], Found]) -> Found:
        return self._read(await self._request("GET", path), read)

    async def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            response = await self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise self._no_answer(error) from error
        return self._checked(response)

    async def _request_beginning(self, path: str, most_bytes: int) -> tuple[httpx.Response, bool]:
        """The answer to a GET, and whether its body is longer than that and cut there."""
        content = bytearray()
        try:
            async with self._http.stream("GET", path) as response:
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > most_bytes:
                        break
        except httpx.TransportError as error:
            raise self._no_answer(error) from error
        beginning = httpx.Response(response.status_code, content=bytes(content[:most_bytes]), request=response.request)
        return self._checked(beginning), len(content) > most_bytes

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise ClusterRefused(
                f"the Ray cluster at {self._address} refuses our token ({response.status_code}): set the cluster's "
                "token, at /v1/clusters or in SUPSWEEP_CLUSTERS, to the RAY_AUTH_TOKEN of its head"
            )
        return response

    def _read(self, response: httpx.Response, read: Callable[[Any], Found]) -> Found:
        """What `read` finds in the answer's JSON. Raises ClusterRefused when that is not Ray's."""
        return self._understood(response, lambda content: read(json.loads(content)))

    def _understood(self, response: httpx.Response, understand: Callable[[bytes], Found]) -> Found:
        if not response.is_success:
            raise self._problem(response)
        try:
            return understand(response.content)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise self._not_ray(response) from error

    def _no_answer(self, error: httpx.TransportError) -> ClusterUnreachable | ClusterRefused:
        reason = str(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            return ClusterRefused(
                f"the certificate of the Ray cluster at {self._address} is not trusted ({reason}): "
                "give the cluster the ca_certificate that signed it"
            )
        return ClusterUnreachable(f"the Ray cluster at {self._address} does not answer: {reason}")

    def _problem(self, response: httpx.Response) -> ClusterUnreachable | ClusterRefused:
        """5xx: ask again later. Anything else: asking again will not help."""
        last_line = (response.text.strip().splitlines() or ["nothing"])[-1][:500]
        sentence = f"the Ray cluster at {self._address} answered {response.status_code}: {last_line}"
        if response.is_server_error:
            return ClusterUnreachable(sentence)
        if response.status_code == HTTPStatus.NOT_FOUND:
            return self._not_ray(response)
        return ClusterRefused(sentence)

    def _not_ray(self, response: httpx.Response) -> ClusterRefused:
        return ClusterRefused(
            f"{response.url} does not answer like Ray's Jobs API ({response.status_code}): set the cluster's address, "
            "at /v1/clusters or in SUPSWEEP_CLUSTERS, to the URL of its dashboard"
        )


def _knows_no_job(response: httpx.Response) -> bool:
    return response.status_code == HTTPStatus.NOT_FOUND and "does not exist" in response.text


def _log(body: Any) -> str:
    return str(body["logs"])


def _beginning_of_log(content: bytes) -> str:
    """The log in JSON that breaks off, perhaps within an escape. Raises ValueError."""
    for missing in range(LONGEST_ESCAPE):
        try:
            return _log(json.loads(content[: len(content) - missing] + b'"}'))
        except ValueError:
            continue
    raise ValueError("no log begins like this")


def _listed_jobs(body: Any) -> list[ListedJob]:
    """Jobs that were submitted; a driver that somebody started by hand has no submission id."""
    return [
        ListedJob(str(job["submission_id"]), JobState(job["status"]), dict(job["metadata"] or {}))
        for job in body
        if job["submission_id"]
    ]
