"""/v1/compare: the reports of several sweeps side by side, as JSON, HTML or Markdown."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.api.accepts import HTML, JSON, MARKDOWN, Accept, preferred
from service.api.compare_example import COMPARISON
from service.api.dependencies import NO_NUL, Reader, ReadSession
from service.api.guards.answer_headers import PAGE
from service.api.problems import problem_responses
from service.operations.comparisons import compare_sweeps
from service.robustness.side_by_side import SideBySide
from service.robustness.side_by_side_pages import render_side_by_side_html, render_side_by_side_markdown

TEXT = {"schema": {"type": "string"}}

router = APIRouter(prefix="/v1/compare", tags=["reports"], responses=problem_responses(404, 409))


@router.get(
    "",
    operation_id="compareSweeps",
    response_model=SideBySide,
    responses={
        200: {"content": {"application/json": {"example": COMPARISON}, "text/html": TEXT, "text/markdown": TEXT}}
    },
)
async def compare(
    session: ReadSession,
    caller: Reader,
    sweeps: Annotated[
        str,
        Query(
            max_length=400,
            pattern=NO_NUL,
            description="Two to ten ids, separated by commas.",
            openapi_examples={"two": {"value": "4f1d8a20c9be,b07c5512e3aa"}},
        ),
    ],
    accept: Accept = JSON,
) -> Response | SideBySide:
    """Each sweep's arms and primary figures, and what keeps them from being compared."""
    both = await compare_sweeps(session, sweeps, caller.sees)
    form = preferred(accept, JSON, HTML, MARKDOWN)
    if form == HTML:
        page = render_side_by_side_html(both)
        return Response(page, media_type=HTML, headers={"Content-Security-Policy": PAGE})
    if form == MARKDOWN:
        return Response(render_side_by_side_markdown(both), media_type=MARKDOWN)
    return both
