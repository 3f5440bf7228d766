"""What every request must pass, and what every answer bears: plain ASGI around the whole application.

A name in the Host header that is not ours is refused (a page elsewhere could otherwise reach a hub in the office by a
name of its own); so is a change that another site's page asks a browser for. An answer never tells a browser to load
or run anything from elsewhere.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drivers.reason import Reason

COOKIE = "minshan_session"
LOCAL = ("127.0.0.1", "localhost", "::1")
BY_SECRET = "/a/"  # whoever knows such an address may ask; no other site's page does
SAFE = ("GET", "HEAD", "OPTIONS")
OTHER_HOST = Reason("host_unknown", 'this hub is not reached as "{host}": see public_url in its file', host="")
OTHER_SITE = Reason("other_site", "another site's page asked for this")
SAID = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Refuse what comes under another name or from another site, and say the rest in headers.

    `listen` is the host of the address that is listened on; `public_url` how people reach it.
    """

    def __init__(self, app: ASGIApp, listen: str, public_url: str | None) -> None:
        self._app = app
        self._public = urlsplit((public_url or "").lower())
        self._hosts = frozenset((listen.lower(), self._public.hostname or listen.lower(), *LOCAL))

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
        if name_of(host) not in self._hosts:
            return refusal(421, OTHER_HOST.having(host=host[:100].encode("ascii", "replace").decode()))
        if scope["method"] in SAFE or "authorization" in headers or scope["path"].startswith(BY_SECRET):
            return None
        origin = headers.get("origin")
        ours = origin is not None and origin.lower() == f"{scope['scheme']}://{host}".lower()
        if ours or (origin is None and COOKIE not in headers.get("cookie", "")):
            return None
        return refusal(403, OTHER_SITE)


def name_of(host: str) -> str:
    """Return the name or address that a Host header holds, without the port; "" where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def refusal(status: int, reason: Reason, wait: int | None = None) -> Response:
    """Return the answer that something is refused, and why."""
    headers = {} if wait is None else {"retry-after": str(wait)}
    body = msgspec.json.encode({"error": reason.builtins()})
    return Response(body, status, headers, "application/json")
