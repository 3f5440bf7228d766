"""Check every request and set the headers of every response: plain ASGI around the whole application.

A foreign name in the Host header is refused (otherwise another site could reach a machine in the office or the orchard
by DNS rebinding); so is a change requested by another site's page (CSRF). A response never lets a browser load or run
anything from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drivers.reason import Reason

SAFE = ("GET", "HEAD", "OPTIONS")
OTHER_HOST = Reason("host_unknown", 'this server does not answer to the name "{host}"', host="")
OTHER_SITE = Reason("other_site", "the request came from another site's page")
NO_FORM = Reason("body_no_form", "the body must be form data")
NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'"
PAGE_RUNS = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with it a browser sends "Origin: null" even when our own form is submitted to us.
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Refuse requests under another name or from another site, and set security headers.

    `ours`: whether a name or address is this machine's; `public_url`: the URL that people use; `cookie`: the name of
    the session cookie (None: there is none); `other_host`: the reason given to others. `by_secret`: the prefix of paths
    that are themselves a secret, which no other site's page knows. `instead`: where requests for another name are
    redirected, such as a phone's check for internet access (None: they are refused).
    """

    def __init__(
        self,
        app: ASGIApp,
        ours: Callable[[str], bool],
        public_url: str | None = None,
        cookie: str | None = None,
        other_host: Reason = OTHER_HOST,
        by_secret: str | None = None,
        instead: str | None = None,
    ) -> None:
        self._app, self._ours, self._cookie, self._other_host = app, ours, cookie, other_host
        self._by_secret, self._instead = by_secret, instead
        self._public = urlsplit((public_url or "").lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._public.scheme and name_of(Headers(scope=scope).get("host", "")) == self._public.hostname:
            scope = {**scope, "scheme": self._public.scheme}  # that of the public URL, whatever a proxy states

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                is_page = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("content-security-policy", PAGE_RUNS if is_page else NOTHING_RUNS)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                message["headers"] = headers.raw
            await send(message)

        refused = self._refused(scope)
        await (refused or self._app)(scope, receive, with_headers)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = name_of(host)
        if name != self._public.hostname and not self._ours(name):
            if self._instead is not None and scope["method"] in ("GET", "HEAD"):
                return Response(status_code=302, headers={"location": self._instead})
            return refusal(421, self._other_host.having(host=host[:100].encode("ascii", "replace").decode()))
        by_secret = self._by_secret is not None and scope["path"].startswith(self._by_secret)
        # A browser never adds a bearer token by itself, but it adds a proxy's name and password (Basic) to any request.
        by_token = headers.get("authorization", "").lower().startswith("bearer ")
        if scope["method"] in SAFE or by_token or by_secret:
            return None
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return refusal(403, OTHER_SITE)
        origin = headers.get("origin")
        ours = origin is not None and origin.lower() == f"{scope['scheme']}://{host}".lower()
        knows = self._cookie is not None and any(self._cookie in one for one in headers.getlist("cookie"))
        return None if ours or (origin is None and not knows) else refusal(403, OTHER_SITE)


def name_of(host: str) -> str:
    """Return the name or address in a Host header, without the port; "" if it contains anything else."""
    try:
        parts = urlsplit(f"//{host}")
        is_plain = parts.netloc == host and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        return ""
    return parts.hostname or "" if is_plain else ""


def is_ip_address(name: str) -> bool:
    """Return whether a name is an IP address, which DNS rebinding cannot forge."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def wants_page(request: Request) -> bool:
    """Return whether the request is from a browser, not from a program."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def refusal(status: int, reason: Reason, wait: int | None = None) -> Response:
    """Return a response that refuses a request; `wait`: s for Retry-After."""
    headers = {} if wait is None else {"retry-after": str(wait)}
    body = msgspec.json.encode({"error": reason.builtins()})
    return Response(body, status, headers, "application/json")
