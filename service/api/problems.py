"""Every error as problem+json (RFC 9457), with a sentence that says what to do."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from structlog.contextvars import get_contextvars

from search_spaces.refusals import refusals
from service.errors import InvalidRequest, SweepServiceError
from service.schemas.problems import Problem

MEDIA_TYPE = "application/problem+json"


def add_problem_handlers(app: FastAPI) -> None:
    """Makes every error of the application a problem document."""
    app.add_exception_handler(SweepServiceError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented error answers of a route, beside those that openapi.py derives from what it takes."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def crash_response() -> JSONResponse:
    """The answer to a request that hit a bug of ours."""
    detail = "this is a bug of the service; its log has the traceback under this request_id"
    return _response(Problem(title="Internal error", status=500, detail=detail, code="internal_error"))


def refused_response(error: SweepServiceError) -> JSONResponse:
    """The answer to a request that is refused."""
    problem = Problem(
        title=error.title, status=error.status_code, detail=error.detail, code=error.code, errors=error.errors
    )
    return _response(problem, dict(error.headers))


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SweepServiceError)
    return refused_response(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    in_body = [{**detail, "loc": detail["loc"][1:]} for detail in error.errors()]
    found = refusals(in_body, error.body)
    detail = "; ".join(dict.fromkeys(refusal.detail for refusal in found))
    return _response(Problem(title="Invalid request", status=422, detail=detail, code="invalid_request", errors=found))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        detail = "the body cannot be read; accepted: JSON in UTF-8 whose whole numbers have at most 4300 digits"
        return refused_response(InvalidRequest(detail, ""))
    if error.status_code == 405 and (allowed := _documented_methods(request)):
        detail = f"{request.method} is not possible at {request.url.path}; accepted: {allowed}"
        wrong_method = Problem(title="Method not allowed", status=405, detail=detail, code="method_not_allowed")
        return _response(wrong_method, {"Allow": allowed})
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    problem = Problem(title=str(error.detail), status=error.status_code, detail=str(error.detail), code=code)
    return _response(problem, dict(error.headers) if error.headers else None)


def _documented_methods(request: Request) -> str:
    """Every method of the request's path; Starlette tells those of its first route alone."""
    paths = request.app.openapi()["paths"]
    return ", ".join(method.upper() for method in paths.get(request.scope["route"].path, ()))


def _response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    named = problem.model_copy(update={"request_id": get_contextvars().get("request")})
    return JSONResponse(named.model_dump(mode="json"), problem.status, headers, media_type=MEDIA_TYPE)
