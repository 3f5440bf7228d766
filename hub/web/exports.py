"""Exports over HTTP: a file is completed beside the pictures, and only then sent.

A failure gives an answer with a reason, never a partial file that looks complete, and a client that reads slowly
occupies neither the database nor a thread. If the client disconnects, the export is aborted. An in-app browser
(WeChat's) passes downloads to another browser without a session: for it there is a link that works once, for a short
time, with the rights of whoever requested it.
"""

from __future__ import annotations

import secrets
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import msgspec

from drivers.reason import Reason
from hub import export_files
from hub.database.accounts import Accounts, Kind
from hub.database.queries import Queries
from hub.export import Export, ExportedMinute, ExportSelection
from hub.random_secrets import digest
from hub.rights import Account, Right
from hub.web import arguments as given
from hub.web.handlers import MOST_DAYS, caller, last_day, station
from hub.web.table import API, ApiError, MadeFile, RequestContext, Route

AT_ONCE = 2  # concurrent exports; a year takes half a minute, and two leave time for everybody else
AGAIN_S = 10
LINK_US = 300_000_000  # lifetime of a link
MOST_LINKS = 1000  # that have not expired
CSV = "text/csv; charset=utf-8"
KINDS = {
    "csv": CSV,
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
}
BUSY = Reason("exports_busy", "others are exporting: try again in {seconds} s", seconds=AGAIN_S)
NOBODY = Reason("nobody_waits", "the request for this file was dropped")
NO_LINK = Reason("no_such_link", "this link has expired, or never existed")
USED = Reason("link_used", "this link has already been opened: request another")
WHOLE_MINUTES = Reason("lines_are_whole", "JSON lines hold whole minutes: leave quantity out")


class OneTimeLink(msgspec.Struct, frozen=True):
    """The path where an export can be fetched once, without a login, and its expiry."""

    path: str
    until_us: int


class ExportLink(msgspec.Struct):
    """A link's owner and export; `said` None: it was used."""

    kind: Kind
    name: str
    said: given.ExportOf | None
    until_us: int


class Exports:
    """Makes exports, in the callers' threads. `folder`: for the files; its content is deleted at the start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._links: dict[str, ExportLink] = {}
        for left in folder.glob("*"):
            if left.is_dir():  # a spreadsheet's own files
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of exports."""
        path, read = f"{API}/stations/{{station}}/export", Right.READ
        return (
            Route(
                "GET", path, "Its minutes as a file", read, given.ExportOf, MadeFile, self.export, True, KINDS["csv"]
            ),
            Route(
                "POST", f"{path}-links", "A link to that file, for once", read, given.ExportOf, OneTimeLink, self.link
            ),
            Route(
                "GET",
                f"{API}/exports/{{id}}",
                "The file of a link",
                None,
                given.OfLink,
                MadeFile,
                self.opened,
                slow=True,
                kind=CSV,
            ),
        )

    def export(self, context: RequestContext, arguments: given.ExportOf) -> MadeFile:
        """Make the file. Raise ApiError, SinkError."""
        offset = station(context, given.OfStation(arguments.station)).utc_offset_s
        last = last_day(context, given.DaysOf(arguments.station, arguments.first, arguments.last), offset, MOST_DAYS)
        if arguments.form == "jsonl" and arguments.quantity:
            raise ApiError(422, WHOLE_MINUTES)
        if not self._room.acquire(blocking=False):
            raise ApiError(429, BUSY, AGAIN_S)
        try:
            quantities = tuple(arguments.quantity.split(",")) if arguments.quantity else ()
            found = context.queries.export(ExportSelection(arguments.station, arguments.first, last, quantities))
            return MadeFile(
                self._made(found, arguments, context.gone),
                KINDS[arguments.form],
                f"{arguments.station}_{arguments.first}_{last}.{arguments.form}",
            )
        finally:
            self._room.release()

    def link(self, context: RequestContext, arguments: given.ExportOf) -> OneTimeLink:
        """Create a link."""
        station(context, given.OfStation(arguments.station))
        who, secret, until = caller(context), secrets.token_hex(16), context.now_us + LINK_US
        with self._lock:
            alive = {name: kept for name, kept in self._links.items() if kept.until_us > context.now_us}
            if len(alive) >= MOST_LINKS:
                raise ApiError(429, BUSY, AGAIN_S)
            self._links = {**alive, digest(secret): ExportLink(who.kind, who.name, arguments, until)}
        return OneTimeLink(f"{API}/exports/{secret}", until)

    def opened(self, context: RequestContext, arguments: given.OfLink) -> MadeFile:
        """Make the file of a link, once, if its owner may still see that station."""
        with self._lock:
            kept = self._links.get(digest(arguments.id))
            if kept is None or kept.until_us <= context.now_us:
                raise ApiError(404, NO_LINK)
            wanted, kept.said = kept.said, None
        if wanted is None:
            raise ApiError(403, USED)
        who = account(context.accounts, kept)
        if who is None or not who.may(Right.READ, wanted.station):
            raise ApiError(403, NO_LINK)
        return self.export(replace(context, caller=who, queries=Queries(context.engine, who.stations)), wanted)

    def _made(self, found: Export, arguments: given.ExportOf, gone: threading.Event) -> Path:
        def wanted(_minute: ExportedMinute) -> None:
            if gone.is_set():
                raise ApiError(408, NOBODY)

        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{secrets.token_hex(8)}.{arguments.form}"
        try:
            export_files.write_file(found, arguments.form, path, wanted, arguments.bom)
        except BaseException:  # whatever failed, no partial file may stay
            path.unlink(missing_ok=True)
            raise
        return path


def account(accounts: Accounts, kept: ExportLink) -> Account | None:
    """Return a link's owner, as the account is now; None where it does not exist."""
    return next((found for found in accounts.listed(kept.kind) if found.name == kept.name), None)
