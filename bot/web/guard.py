"""Who may talk to the studio, decided before anything else sees the request.

On loopback the danger is another page in the same browser: a name that resolves to 127.0.0.1 (DNS rebinding) is
stopped by the Host header, a form posted from elsewhere by Origin and Sec-Fetch-Site. Off loopback everyone needs the
token, once in the address or always in the Authorization header; the cookie that replaces it holds a keyed hash.
"""

import hashlib
import hmac
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.errors import ApiError, refuse
from bot.web.page import door

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "ghostnote"
MONTH = 30 * 24 * 3600
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI middleware: with a token it asks everyone for it, without one it answers only to names of this machine."""

    def __init__(self, app: ASGIApp, token: str = "") -> None:
        self._app = app
        self._token = token.encode()
        self._pass = hmac.new(self._token, b"studio cookie", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse, or hand on; every answer leaves with the security headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        answer = self._stop(Request(scope))
        await (answer or self._app)(scope, receive, guarded)

    def _stop(self, request: Request) -> Response | None:
        """The answer to a request that goes no further."""
        host = _host(request.headers.get("host", ""))
        if not self._token and host not in LOOPBACK:
            return refuse(request, ApiError(403, "wrong_host"))
        if request.method not in ("GET", "HEAD", "OPTIONS") and _from_elsewhere(request):
            return refuse(request, ApiError(403, "wrong_origin"))
        if not self._token or self._knows(request):
            return None
        if request.method in ("GET", "HEAD") and self._is_token(request.query_params.get("token", "")):
            return self._welcome(request)
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return door(request)
        return refuse(request, ApiError(401, "token_needed", {"WWW-Authenticate": "Bearer"}))

    def _knows(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(given.strip()):
            return True
        return hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._pass.encode())

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token)

    def _welcome(self, request: Request) -> Response:
        """Swap the token in the address for a cookie, so that it stands in no history and no bookmark."""
        rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
        # Only the path is kept: an address that begins with // would lead to another machine.
        path = "/" + request.url.path.lstrip("/")
        answer = RedirectResponse(path + (f"?{urlencode(rest)}" if rest else ""), 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, self._pass, max_age=MONTH, httponly=True, samesite="lax", secure=secure)
        return answer


def _host(header: str) -> str:
    """The name in a Host header without its port; "" for one that cannot be read."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _from_elsewhere(request: Request) -> bool:
    """Whether a browser says that another site's page sent this."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    except ValueError:
        return True
