"""Ray's Jobs REST API over HTTP, without the Ray package.

Facts of Ray 2.60 that shape this file: a duplicate submission id is answered with 500 and a traceback, so
after any refusal a GET decides; a dead dashboard says nothing about its jobs, so no answer is never failure.
"""

from http import HTTPStatus
from typing import Any

import httpx

from service.clusters.protocol import ClusterRefused, ClusterUnreachable, JobState, JobSubmission

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds. A submission answers once the job's supervisor is created, which takes some seconds on a busy head."""


class RayJobs:
    """One Ray cluster, by the base URL of its dashboard and its bearer token (none: authentication is off)."""

    def __init__(self, address: str, token: str | None) -> None:
        self._address = address
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT)

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
        if response.status_code == HTTPStatus.NOT_FOUND and "does not exist" in response.text:
            return None
        if not response.is_success:
            raise self._problem(response)
        try:
            return JobState(response.json()["status"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._not_ray(response) from error

    async def stop(self, submission_id: str) -> None:
        """See ClusterClient."""
        state = await self.state(submission_id)
        if state is None or state.is_over:
            return
        response = await self._request("POST", f"/api/jobs/{submission_id}/stop")
        if not response.is_success:
            raise self._problem(response)

    async def check(self) -> None:
        """See ClusterClient."""
        response = await self._request("GET", "/api/version")
        if not response.is_success:
            raise self._problem(response)

    async def aclose(self) -> None:
        """See ClusterClient."""
        await self._http.aclose()

    async def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            response = await self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise ClusterUnreachable(f"the Ray cluster at {self._address} does not answer: {reason}") from error
        if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise ClusterRefused(
                f"the Ray cluster at {self._address} refuses our token ({response.status_code}): "
                "set the cluster's token in SUPSWEEP_CLUSTERS to the RAY_AUTH_TOKEN of its head"
            )
        return response

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
            f"{response.url} does not answer like Ray's Jobs API ({response.status_code}): "
            "set the cluster's address in SUPSWEEP_CLUSTERS to the URL of its dashboard"
        )
