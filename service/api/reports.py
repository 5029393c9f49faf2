"""/v1/sweeps/{id}/report: the robustness report as JSON, HTML or Markdown."""

from fastapi import APIRouter, Response

from service.api.accepts import HTML, JSON, MARKDOWN, Accept, preferred
from service.api.dependencies import OwnedSweep, ReadSession
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
async def report(session: ReadSession, sweep: OwnedSweep, accept: Accept = JSON) -> Response:
    """The report in the form that Accept asks for; JSON unless it prefers text/html or text/markdown."""
    report = await get_report(session, sweep)
    form = preferred(accept, JSON, HTML, MARKDOWN)
    if form == HTML:
        return Response(report.html, media_type=HTML, headers={"Content-Security-Policy": PAGE})
    return Response(report.markdown if form == MARKDOWN else report.json, media_type=form)
