"""Errors become HTTP answers here, by class: `{"error": {"code", "message"}}`, in the language of whoever asked.

A person's mistake is a 4xx and leaves no trace in the log; only a real fault is a 5xx.
"""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import ExceptionHandler

from bot import wording
from engine import errors

RETRY_AFTER = 5
STATUS: dict[type[errors.EngineError], int] = {
    errors.NotFound: 404,
    errors.Impossible: 409,
    errors.NotYourTurn: 409,
    errors.NotHost: 403,
    errors.TextTooLong: 413,
    errors.Refused: 400,
    errors.Busy: 503,
    errors.RequestCancelled: 409,
    errors.TooLate: 503,
    errors.Unsafe: 422,
    errors.EngineError: 500,
}
_HTTP_CODES = {404: "no_route", 405: "wrong_method", 400: "bad_request"}


class ApiError(Exception):
    """A request that is wrong as HTTP or JSON. `code` has its sentence in the table [page] as `api_<code>`."""

    def __init__(self, status: int, code: str, headers: dict[str, str] | None = None, **fields: str | int) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = headers
        self.fields = fields


def language(request: Request) -> str:
    """The language to answer in: what was chosen on the page, else what the browser asks for."""
    return wording.language_of(request.cookies.get("lang") or request.headers.get("accept-language"))


def status_of(error: errors.EngineError) -> int:
    """The HTTP status of an engine error, by its nearest class."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def answer(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The one shape every error has."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def sentence(code: str, language: str, **fields: str | int) -> str:
    """The sentence of an `ApiError`."""
    return wording.page(language)[f"api_{code}"].format(**fields)


def refuse(request: Request, error: ApiError) -> JSONResponse:
    """The answer for a request that is wrong as HTTP or JSON."""
    message = sentence(error.code, language(request), **error.fields)
    return answer(error.status, error.code, message, error.headers)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - Starlette calls by class
    return refuse(request, error)


async def _engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.EngineError)  # noqa: S101 - Starlette calls by class
    headers = {"Retry-After": str(RETRY_AFTER)} if isinstance(error, errors.Busy) else None
    return answer(status_of(error), error.code, wording.error(error, language(request)), headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls by class
    code = _HTTP_CODES.get(error.status_code)
    if code is None:
        phrase = HTTPStatus(error.status_code).phrase
        return answer(error.status_code, phrase.lower().replace(" ", "_"), f"{phrase}.")
    headers = {"Allow": ", ".join(_allowed(request))} if error.status_code == 405 else None
    return refuse(request, ApiError(error.status_code, code, headers, method=request.method))


def _allowed(request: Request) -> list[str]:
    """Every method that any route takes on this path; Starlette itself names only those of the first."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or {"GET", "HEAD"}
    return sorted(methods)


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it; it only keeps the log quiet


async def _fault(request: Request, _error: Exception) -> Response:
    return refuse(request, ApiError(500, "internal"))


HANDLERS: dict[type[Exception] | int, ExceptionHandler] = {
    ApiError: _api_error,
    errors.EngineError: _engine_error,
    HTTPException: _http_error,
    ClientDisconnect: _gone,
    Exception: _fault,
}
