"""The structure of the route table: an entry makes a route, its part of the OpenAPI document, and its rights tests.

A handler gets who asks and its arguments, already checked, and returns the answer; it runs in a thread of its own with
a database connection of its own. What it raises becomes an answer with a code, never a traceback.
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
    """Who asks, and what may be read for them. `caller` is None where nobody has logged in."""

    caller: Account | None
    engine: Engine
    queries: Queries
    accounts: Accounts
    orders: Orders
    alarms: AlarmBook
    now_us: int
    address: str  # of the client, as far as the nearest proxy that is trusted says so
    session: str | None  # the session's secret, where a browser asks
    gone: threading.Event  # set when nobody waits for the answer any more


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """A file that goes out as it is."""

    path: Path
    kind: str


@dataclass(frozen=True, slots=True)
class DataAnswer:
    """Bytes that are made for who asks; with `name` a browser keeps them as a file of that name.

    `lasts`: what lies under this address never changes, so that a browser need not ask again.
    """

    data: bytes
    kind: str
    name: str | None = None
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was made for who asks, under the name that a browser keeps it by; it goes when it is sent."""

    path: Path
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """A page for people: a template with its values; times by a clock that is `offset_s` ahead of UTC."""

    template: str
    values: dict[str, Any]
    offset_s: int = 28_800
    status: int = 200


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The page that a form leads to; with `session` the answer begins a session, or ends it (None)."""

    path: str
    session: SessionAnswer | None = None


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """An answer that begins a session (`secret`), or ends it (None)."""

    body: msgspec.Struct
    secret: str | None


@dataclass(frozen=True, slots=True)
class Route:
    """One entry. `right` None: open to everybody; `arguments` are those of path, query and body together."""

    method: Literal["GET", "POST"]
    path: str
    summary: str
    right: Right | None
    arguments: type[msgspec.Struct]
    answer: type[Any]
    handler: Callable[[RequestContext, Any], Any]
    slow: bool = False  # may take seconds: a pool of its own, so that the others never wait for it
    kind: str = JSON  # the media type of the answer

    @property
    def name(self) -> str:
        """Return the name of the operation: "get_stations_station_now"."""
        words = self.path.removeprefix(f"{API}/").removeprefix("/").replace("{", "").replace("}", "")
        return "_".join([self.method.lower(), *words.replace(".", "_").split("/")])


class ApiError(Exception):
    """What is answered instead: a status of HTTP, and the reason; `wait` s until it makes sense to ask again."""

    def __init__(self, status: int, reason: Reason, wait: int | None = None) -> None:
        super().__init__(str(reason))
        self.status, self.reason, self.wait = status, reason, wait
