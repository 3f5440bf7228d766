"""The status of a station on which nothing happens, to be changed by a test."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.snapshots import (
    ClockStatus,
    LedgerSnapshot,
    SetAsideSnapshot,
    StationStatus,
    StoreStatus,
    Strays,
    TooLargeSnapshot,
    UplinkStatus,
)

QUIET = StationStatus(
    station="s",
    title="",
    utc_offset_h=8.0,
    time=None,
    clock=ClockStatus("arrival", None, None),
    minute=None,
    units={},
    derived={},
    hour=None,
    sensors=[],
    store=StoreStatus("e", 1, 0, None, 0, 4096, Strays(0, 0), None, 0, None),
    uplink=None,
    forward=[],
    budget=None,
    pictures=None,
    prices={},
    alerts=[],
    horn=None,
    notify=None,
    maintenance=None,
    falls={},
    inbox_lost=0,
)
UPLINK = UplinkStatus(
    destination="platform",
    connected=True,
    broker="mqtts://broker",
    protocol="5.0",
    proof="committed",
    last_ack=None,
    sending=0,
    answered=True,
    trouble=None,
    ledger=LedgerSnapshot(None, None, 0),
    set_aside=SetAsideSnapshot(0, None, "/var/lib/minshan/set-aside"),
    too_large=TooLargeSnapshot(0, None),
    never_arrives=(),
    bytes_sent=0,
    unsent=0,
    unproven=0,
    pictures_left=0,
)


def status(**changes: Any) -> StationStatus:
    """Return the quiet status with these changes."""
    return msgspec.structs.replace(QUIET, **changes)
