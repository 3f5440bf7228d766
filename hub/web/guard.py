"""The host names of a hub, and the cookie by which it recognises a browser; the rest is in `edge/page/guard.py`."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.types import ASGIApp

from drivers.reason import Reason
from edge.page import guard

COOKIE = "minshan_session"
BY_SECRET = "/a/"  # links by which somebody acknowledges
LOCAL = ("127.0.0.1", "localhost", "::1")
OTHER_HOST = Reason(
    "hub_host_unknown", 'this hub does not answer to the name "{host}": see public_url in its file', host=""
)


class HubGuard(guard.Guard):
    """Guard a hub: `listen` is the host of the address that is listened on; `public_url` how people reach it."""

    def __init__(self, app: ASGIApp, listen: str, public_url: str | None) -> None:
        public = urlsplit((public_url or "").lower()).hostname
        hosts = frozenset((listen.lower(), public or listen.lower(), *LOCAL))
        super().__init__(app, hosts.__contains__, public_url, COOKIE, OTHER_HOST, BY_SECRET)
