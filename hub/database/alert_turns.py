"""The changes of alerts that a station has reported, and which alerts are open according to them."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.database.engine import Engine
from hub.database.rows import json_object

MOST = 200  # newest turns that are read: more than a season's of one station
OVER = ("cleared", "ended")


class AlertTurn(msgspec.Struct, frozen=True):
    """One turn: when it began (or arrived, where it is undated), and its body as sent by the station."""

    time_us: int
    body: dict[str, Any]


def newest(engine: Engine, station: str) -> list[AlertTurn]:
    """Return the newest turns of a station, the newest first."""
    found = engine.query(
        "SELECT coalesce(start, arrived), body FROM record WHERE station = %s AND kind = 'alert' AND kind <> 'minute' "
        "ORDER BY coalesce(start, arrived) DESC, seq DESC LIMIT %s",
        (station, MOST),
    )
    return [AlertTurn(time, body) for time, column in found if (body := json_object(column))]


def open_ones(turns: list[AlertTurn]) -> list[AlertTurn]:
    """Return the newest turn of each alert that is not over, the newest first; `turns`: the newest first."""
    latest: dict[str, AlertTurn] = {}
    for turn in turns:
        latest.setdefault(str(turn.body.get("alert")), turn)
    return [turn for turn in latest.values() if is_open(turn)]


def is_open(turn: AlertTurn) -> bool:
    """Return whether an alert is open after this turn, or its rule is blind."""
    kind = turn.body.get("turn")
    return kind not in OVER and (kind == "blind" or bool(turn.body.get("step")))
