"""The arguments of requests: one struct per route, parsed from path, query and body, and validated before any handler.

A text with U+0000 or a lone surrogate is refused here, in one place: databases do not accept it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta
from msgspec.structs import fields

from drivers.reason import Reason
from edge.config.sections import RemoteCommand
from edge.page.guard import NO_FORM
from edge.records.asked import AskedStep, Channel, Channels, Kinds, Page, Time
from edge.wire.contract import CameraName, Facts, Sha256, StationId
from hub.database.rows import is_refused
from hub.web.table import ApiError

LONGEST_BODY = 65_536  # bytes
Word = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}$(?!\n)")]
Month = Annotated[str, Meta(pattern=r"^(19[7-9]|20[0-9])[0-9]-(0[1-9]|1[0-2])$(?!\n)")]
NOT_TAKEN = Reason("argument_wrong", "not accepted: {why}", why="")
TWICE = Reason("argument_twice", "{name} is given more than once", name="")
NO_TEXT = Reason("text_forbidden", "texts must be UTF-8 without NUL characters")
NO_JSON = Reason("body_no_json", "the body must be a JSON object")


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No arguments."""


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name and password."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(max_length=200)]


class OfStation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One station."""

    station: StationId


class SeriesOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel of a station in a half-open span; times with a zone, or seconds since 1970."""

    station: StationId
    channel: Channel
    first: Time = msgspec.field(name="from")
    last: Time | None = msgspec.field(name="to", default=None)
    step: AskedStep = "auto"


class ChannelsOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station in a span."""

    station: StationId
    first: Time = msgspec.field(name="from")
    last: Time | None = msgspec.field(name="to", default=None)


class DaysOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station's days, the last one included."""

    station: StationId
    first: date = msgspec.field(name="from")
    last: date | None = msgspec.field(name="to", default=None)


class BoardOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days of all stations, the last one included."""

    first: date = msgspec.field(name="from")
    last: date | None = msgspec.field(name="to", default=None)


class MonthOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station's month, as 2026-04."""

    station: StationId
    month: Month


class ExportOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station's minutes of some days, the last one included; `quantity`: only these, separated by commas.

    `bom`: whether CSV begins with a byte order mark, for Excel.
    """

    station: StationId
    form: Literal["csv", "xlsx", "jsonl"] = msgspec.field(name="format")
    first: date = msgspec.field(name="from")
    last: date | None = msgspec.field(name="to", default=None)
    quantity: Channels | None = None
    bom: bool = False


class OfLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One link, by its secret."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16,64}$(?!\n)")]


class EventsOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station's events in a span; `kind`: one or several, separated by commas."""

    station: StationId
    first: Time = msgspec.field(name="from")
    last: Time | None = msgspec.field(name="to", default=None)
    kind: Kinds | None = None
    page: Page | None = None


class PicturesOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station's pictures in a span."""

    station: StationId
    first: Time = msgspec.field(name="from")
    last: Time | None = msgspec.field(name="to", default=None)
    camera: CameraName | None = None
    page: Page | None = None


class OfPicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One picture, by the SHA-256 of the full one."""

    sha256: Sha256


class CommandOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command to a station: a picture (camera), a hello, maintenance (seconds, text)."""

    station: StationId
    name: RemoteCommand
    arguments: Facts = msgspec.field(default_factory=dict)


class OfCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One command, by its id."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$(?!\n)")]


class Before(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time before which entries are returned; default: now."""

    before: Time | None = None


def parse_arguments(
    kind: type[msgspec.Struct],
    path: Mapping[str, str],
    query: Iterable[tuple[str, str]],
    body: bytes,
    form: bool = False,
) -> Any:
    """Return a route's arguments; `form`: the body is a form. Raise ApiError 422, or 400 for a malformed body."""
    loose = {**_unique(query), **path}
    told = filled(kind, body) if form else _object(body) if body else {}
    if any(map(is_refused, (*texts_in(loose), *texts_in(told)))):
        raise ApiError(422, NO_TEXT)
    try:
        return msgspec.convert({**told, **loose}, kind, strict=bool(body) and not form)
    except (msgspec.ValidationError, OverflowError, ValueError) as error:
        raise ApiError(422, NOT_TAKEN.having(why=_shown(str(error)))) from None


def _unique(query: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the pairs as a dict. Raise ApiError where a name is repeated."""
    found: dict[str, str] = {}
    for name, text in query:
        if name in found:
            raise ApiError(422, TWICE.having(name=_shown(name)))
        found[name] = text
    return found


def filled(kind: type[msgspec.Struct], body: bytes) -> dict[str, Any]:
    """Return a form's fields, without empty ones; a list field has all ticked values. Raise ApiError."""
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=bool(body), errors="strict", max_num_fields=1100)
    except ValueError:
        raise ApiError(400, NO_FORM) from None
    lists = {field.encode_name for field in fields(kind) if "list[" in str(field.type)}
    found = _unique((name, text) for name, text in pairs if name not in lists)
    return found | {name: ticked for name in lists if (ticked := [text for key, text in pairs if key == name])}


def _object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body is. Raise ApiError."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ApiError(400, NO_JSON) from None
    if not isinstance(told, dict):
        raise ApiError(400, NO_JSON)
    return told


def texts_in(value: Any) -> Iterable[str]:
    """Yield all texts in a JSON value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])
