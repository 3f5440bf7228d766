"""Checks of every request and headers of every answer: plain ASGI around the whole application.

A name in the Host header that is not ours is refused (a page elsewhere could otherwise reach a machine in the office or
the orchard by a name of its own); so is a change that another site's page asks a browser for. An answer never tells a
browser to load or run anything from elsewhere.
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
SAID = {
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with it a browser says "Origin: null" also where a form of ours is sent to us.
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Refuse what comes under another name or from another site, and say the rest in headers.

    `ours`: whether a name or address is this machine's; `public_url` how people reach it; `cookie` names the one by
    which it knows a browser (None: there is none); `other_host` is what others are told. `by_secret`: what the paths
    begin with that are themselves a secret, which no other site's page knows. `instead`: where whoever asks for another
    name is led, as a phone does that tries whether a network has the internet (None: it is refused).
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
            scope = {**scope, "scheme": self._public.scheme}  # as people reach it, whatever a proxy says of that

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                is_page = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("content-security-policy", PAGE_RUNS if is_page else NOTHING_RUNS)
                for name, value in SAID.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                message["headers"] = headers.raw
            await send(message)

        refused = self._refused(scope)
        await (refused or self._app)(scope, receive, said)

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = name_of(host)
        if name != self._public.hostname and not self._ours(name):
            if self._instead is not None and scope["method"] in ("GET", "HEAD"):
                return Response(status_code=302, headers={"location": self._instead})
            return refusal(421, self._other_host.having(host=host[:100].encode("ascii", "replace").decode()))
        by_secret = self._by_secret is not None and scope["path"].startswith(self._by_secret)
        # A browser adds no token by itself; a name and password that a proxy asked for (Basic) it adds to any request.
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
    """Return the name or address that a Host header holds, without the port; "" where it is none, or more than that."""
    try:
        parts = urlsplit(f"//{host}")
        is_plain = parts.netloc == host and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        return ""
    return parts.hostname or "" if is_plain else ""


def is_ip_address(name: str) -> bool:
    """Return whether a name is an address in numbers, to which no page elsewhere can give a name of its own."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def wants_page(request: Request) -> bool:
    """Return whether a person with a browser asks, and no program."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def refusal(status: int, reason: Reason, wait: int | None = None) -> Response:
    """Return the answer that something is refused, and why."""
    headers = {} if wait is None else {"retry-after": str(wait)}
    body = msgspec.json.encode({"error": reason.builtins()})
    return Response(body, status, headers, "application/json")
