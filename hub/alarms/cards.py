"""Stations' reports about their own disks: an SD card that accepts no writes loses its data at the next power cut."""

from __future__ import annotations

from typing import Any

import msgspec

from drivers.reason import Reason, restored
from edge.records.asked import MINUTE_US
from hub.database.engine import Engine

LATELY_US = 130 * MINUTE_US  # in which a station sends two hourly health records
MOST = 50  # health records that are read; events may stand beside the hourly ones


class Account(msgspec.Struct, frozen=True):
    """A station's hourly health record; one with an `event` reports only that event."""

    store: dict[str, Any] = {}
    event: Any = None


class AccountRecord(msgspec.Struct, frozen=True):
    """A record with such a body."""

    body: Account


ACCOUNT = msgspec.json.Decoder(AccountRecord)


def card_troubles(engine: Engine, now: int) -> dict[str, Reason | None]:
    """Return the disk fault of each station that has reported on its disk within LATELY_US; None: no fault."""
    lately = now - LATELY_US
    heard = engine.query(
        "SELECT DISTINCT station FROM epoch WHERE arrived_last > %s AND arrived_last <= %s ORDER BY station",
        (lately, now),
    )
    found: dict[str, Reason | None] = {}
    for (station,) in heard:
        accounts = engine.query(
            "SELECT raw FROM record WHERE station = %s AND start > %s AND start <= %s AND kind = 'health' "
            "ORDER BY start DESC LIMIT %s",
            (station, lately, now, MOST),
        )
        stores = (_store(raw) for (raw,) in accounts)
        newest = next((store for store in stores if store), None)
        if newest is not None:
            found[station] = _trouble(newest)
    return found


def _store(raw: bytes) -> dict[str, Any]:
    """Return a health record's part about the disk; {} where it has none or cannot be decoded."""
    try:
        account = ACCOUNT.decode(raw).body
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return account.store if account.event is None else {}


def _trouble(store: dict[str, Any]) -> Reason | None:
    said = store.get("trouble")
    try:
        return None if said is None else restored(said)
    except ValueError:
        return None
