"""/v1/sweeps/{id}/report: the robustness report as JSON, HTML or Markdown."""

from fastapi import APIRouter, Response

from service.api.dependencies import Accept, OwnedSweep, ReadSession
from service.api.guards.answer_headers import PAGE
from service.api.problems import problem_responses
from service.operations.reports import get_report
from service.robustness.report import RobustnessReport

TEXT = {"schema": {"type": "string"}}

router = APIRouter(prefix="/v1/sweeps/{sweep_id}/report", tags=["reports"])


@router.get(
    "",
    operation_id="getReport",
    response_model=RobustnessReport,
    responses={200: {"content": {"text/html": TEXT, "text/markdown": TEXT}}, **problem_responses(409)},
)
async def report(session: ReadSession, sweep: OwnedSweep, accept: Accept = "application/json") -> Response:
    """The report in the form that Accept asks for; JSON unless it names text/html or text/markdown."""
    report = await get_report(session, sweep)
    if "text/html" in accept:
        return Response(report.html, media_type="text/html", headers={"Content-Security-Policy": PAGE})
    if "text/markdown" in accept:
        return Response(report.markdown, media_type="text/markdown")
    return Response(report.json, media_type="application/json")
