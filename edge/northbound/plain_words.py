"""What messages for other platforms share: flags as words, times as text, a minute's channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from drivers.reason import Reason
from edge.northbound.verdict import EncodeError
from edge.records.record import Record

# QARTOD's flags in words. A flag that a newer station may add is never taken for a good one.
WORDS = {1: "good", 2: "unchecked", 3: "suspect", 4: "bad", 9: "missing"}
MISSING, UNFLAGGED, UNKNOWN_FLAG = "missing", "unchecked", "suspect"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_UNDERSTOOD = Reason("minute_not_understood", "the minute is not understood: {why}", why="")


class PlainMinute(msgspec.Struct, frozen=True):
    """A minute's body as far as other platforms are told of it; what else a newer station says is left out."""

    values: dict[str, float | None]
    quality: dict[str, int] = {}
    reasons: dict[str, msgspec.Raw] = {}


def minute_of(record: Record) -> PlainMinute:
    """Return a minute's channels. Raise EncodeError if its body is another one than is known here."""
    try:
        return msgspec.json.decode(record.body, type=PlainMinute)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EncodeError(NOT_UNDERSTOOD.having(why=str(error))) from None


def word_of(value: float | None, flag: int | None) -> str:
    """Return the word of a value's flag; a value without one was not checked, and no value is missing."""
    if value is None:
        return MISSING
    return UNFLAGGED if flag is None else WORDS.get(flag, UNKNOWN_FLAG)


def rfc3339(utc_us: int | None) -> str | None:
    """Return microseconds since 1970 UTC as text, as 2026-11-25T03:12:00Z; None if the time is not known."""
    return None if utc_us is None else (EPOCH + timedelta(microseconds=utc_us)).isoformat().replace("+00:00", "Z")
