"""The structure of the route table: each entry defines a route, its part of the OpenAPI document, and its rights tests.

A handler gets the request's context and validated arguments, and returns the answer; it runs in a worker thread with a
database connection of its own. Its errors become answers with a code, never a traceback.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from drivers.reason import Reason
from hub.alarms.book import AlarmBook
from hub.database.accounts import Accounts
from hub.database.engine import Engine
from hub.database.orders import Orders
from hub.database.queries import Queries
from hub.rights import Account, Right

API = "/api/v1"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The context of a request: the caller and the database. `caller` is None where nobody is logged in."""

    caller: Account | None
    engine: Engine
    queries: Queries
    accounts: Accounts
    orders: Orders
    alarms: AlarmBook
    now_us: int
    address: str  # of the client, as told by the trusted proxy, if any
    session: str | None  # the session's secret, of a browser
    gone: threading.Event  # set when the client no longer waits


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """A file to send as it is."""

    path: Path
    kind: str


@dataclass(frozen=True, slots=True)
class DataAnswer:
    """Bytes made for this request; with `name` a browser downloads them as a file of that name.

    `lasts`: the content of this address never changes, so it may be cached for ever.
    """

    data: bytes
    kind: str
    name: str | None = None
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file made for this request, with its name for a download; it is deleted after being sent."""

    path: Path
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """A page: a template with its values; times by a clock that is `offset_s` ahead of UTC."""

    template: str
    values: dict[str, Any]
    offset_s: int = 28_800
    status: int = 200


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A redirect to the page that a form leads to; with `session`, set or delete the session's cookie too."""

    path: str
    session: SessionAnswer | None = None


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """An answer that starts a session (`secret`), or ends it (None)."""

    body: msgspec.Struct
    secret: str | None


@dataclass(frozen=True, slots=True)
class Route:
    """One entry. `right` None: public; `arguments` are those of path, query and body together."""

    method: Literal["GET", "POST"]
    path: str
    summary: str
    right: Right | None
    arguments: type[msgspec.Struct]
    answer: type[Any]
    handler: Callable[[RequestContext, Any], Any]
    slow: bool = False  # may take seconds: it gets the slow pool, so that it never delays others
    kind: str = JSON  # the media type of the answer

    @property
    def name(self) -> str:
        """Return the operation's name, such as "get_stations_station_now"."""
        words = self.path.removeprefix(f"{API}/").removeprefix("/").replace("{", "").replace("}", "")
        return "_".join([self.method.lower(), *words.replace(".", "_").split("/")])


class ApiError(Exception):
    """An error answer: an HTTP status and the reason; `wait`: s until a retry makes sense."""

    def __init__(self, status: int, reason: Reason, wait: int | None = None) -> None:
        super().__init__(str(reason))
        self.status, self.reason, self.wait = status, reason, wait
