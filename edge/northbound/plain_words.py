"""What messages for other platforms share: flags as words, times as text, a minute's channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from drivers.reason import Reason
from edge.northbound.verdict import EncodeError
from edge.records.record import Record

# QARTOD's flags in words. An unknown flag of a newer station is never taken for a good one.
WORDS = {1: "good", 2: "unchecked", 3: "suspect", 4: "bad", 9: "missing"}
MISSING, UNFLAGGED, UNKNOWN_FLAG = "missing", "unchecked", "suspect"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_UNDERSTOOD = Reason("minute_not_understood", "the minute is not understood: {why}", why="")


class PlainMinute(msgspec.Struct, frozen=True):
    """A minute's body as far as it is forwarded; additional fields of a newer station are left out."""

    values: dict[str, float | None]
    quality: dict[str, int] = {}
    reasons: dict[str, msgspec.Raw] = {}


def minute_of(record: Record) -> PlainMinute:
    """Return a minute's channels. Raise EncodeError if its body has an unknown form."""
    try:
        return msgspec.json.decode(record.body, type=PlainMinute)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EncodeError(NOT_UNDERSTOOD.having(why=str(error))) from None


def word_of(value: float | None, flag: int | None) -> str:
    """Return the word for a value's flag: "unchecked" without a flag, "missing" without a value."""
    if value is None:
        return MISSING
    return UNFLAGGED if flag is None else WORDS.get(flag, UNKNOWN_FLAG)


def rfc3339(utc_us: int | None) -> str | None:
    """Format microseconds since 1970 UTC as 2026-11-25T03:12:00Z; None if the time is unknown."""
    return None if utc_us is None else (EPOCH + timedelta(microseconds=utc_us)).isoformat().replace("+00:00", "Z")
