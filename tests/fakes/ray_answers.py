"""What the fake Ray head answers: the paths, bodies and statuses of Ray 2.60's dashboard."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakes.ray_job import Job

if TYPE_CHECKING:
    from fakes.ray_server import RayServer

RAY_VERSION = "2.60.0"


@dataclass(frozen=True)
class Answer:
    """A status and a body: text, or what becomes JSON."""

    status: int
    body: Any

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def answer_request(ray: "RayServer", method: str, path: str, authorization: str | None, content: bytes) -> Answer:
    """What the head answers, and what it does on that."""
    if ray.fails_with is not None:
        return Answer(ray.fails_with, "Traceback (most recent call last):\n  ...\nRuntimeError: no agent is there")
    if ray.token is not None and authorization is None:
        return Answer(401, "Unauthorized: Missing authentication token")
    if ray.token is not None and authorization != f"Bearer {ray.token}":
        return Answer(403, "Forbidden: Invalid authentication token")
    return _answer(ray, method, path.partition("?")[0].strip("/").split("/"), content)


def _answer(ray: "RayServer", method: str, path: list[str], content: bytes) -> Answer:
    match method, path:
        case "POST", ["api", "jobs"]:
            return _submit(ray, json.loads(content))
        case "GET", ["api", "jobs"]:
            return Answer(200, [_described(job) for job in list(ray.jobs.values())] + [_somebodys_driver()])
        case _, ["api", "jobs", submission_id, *rest]:
            return _answer_about(ray, method, submission_id, rest)
        case "GET", ["api", *rest]:
            return _answer_about_the_head(ray, "/".join(rest))
    return Answer(404, "404: Not Found")


def _answer_about(ray: "RayServer", method: str, submission_id: str, rest: list[str]) -> Answer:
    job = ray.jobs.get(submission_id)
    if job is None:
        return Answer(404, f"Job {submission_id} does not exist")
    match method, rest:
        case "GET", []:
            return Answer(200, _described(job))
        case "GET", ["logs"]:
            return Answer(200, {"logs": job.log})
        case "POST", ["stop"]:
            return Answer(200, {"stopped": ray.stop_job(job)})
    return Answer(404, "404: Not Found")


def _submit(ray: "RayServer", body: dict[str, Any]) -> Answer:
    submission_id = body["submission_id"]
    if ray.refuses_jobs:
        return Answer(500, "Traceback (most recent call last):\n  ...\nRuntimeError: No available agent to submit job")
    if ray.submit(body):
        return Answer(200, {"job_id": submission_id, "submission_id": submission_id})
    return Answer(
        500,
        "Traceback (most recent call last):\n"
        '  File "ray/dashboard/modules/job/job_head.py", line 419, in submit_job\n'
        "RuntimeError: Request failed with status code 400: Traceback (most recent call last):\n"
        f"ValueError: Job with submission_id {submission_id} already exists. "
        "Please use a different submission_id.\n.\n",
    )


def _described(job: Job) -> dict[str, Any]:
    return {
        "type": "SUBMISSION",
        "job_id": None,
        "submission_id": job.submission_id,
        "status": job.state.value,
        "entrypoint": job.entrypoint,
        "metadata": dict(job.metadata),
        "runtime_env": {"env_vars": dict(job.environment)},
    }


def _somebodys_driver() -> dict[str, Any]:
    """A driver that was started by hand: in the listing, without a submission id."""
    return {"type": "DRIVER", "job_id": "01000000", "submission_id": None, "status": "RUNNING", "metadata": {}}


def _answer_about_the_head(ray: "RayServer", path: str) -> Answer:
    group = {"state": "CREATED", "bundles": [{"unit_resources": ray.used}]}
    totals = {name: sum(node.get(name, 0.0) for node in ray.nodes) for node in ray.nodes for name in node}
    usage = {name: [ray.used.get(name, 0.0), amount] for name, amount in totals.items()}
    match path:
        case "version":
            return Answer(200, {"version": "4", "ray_version": RAY_VERSION, "ray_commit": "0", "session_name": "s"})
        case "v0/nodes":
            return _listed([{"state": "ALIVE", "resources_total": node} for node in ray.nodes])
        case "v0/placement_groups":
            return _listed([group, {"state": "REMOVED", "bundles": [{"unit_resources": {"CPU": 99.0}}]}])
        case "cluster_status":
            status = {"loadMetricsReport": {"usage": usage}} if ray.has_monitor else None
            return Answer(200, {"result": True, "msg": "", "data": {"clusterStatus": status}})
    return Answer(404, "404: Not Found")


def _listed(rows: list[dict[str, Any]]) -> Answer:
    found = {"total": len(rows), "num_after_truncation": len(rows), "result": rows}
    return Answer(200, {"result": True, "msg": "", "data": {"result": found}})
