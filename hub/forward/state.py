"""The state of each destination, for people and programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from drivers.reason import Reason, joined, restored
from edge.config.forward import Forward
from edge.records import ranges
from edge.records.ranges import Ranges
from hub.database import forwarded
from hub.database.engine import Engine
from hub.database.forwarded import Name

Sums = tuple[int, ...]  # `forwarded.SUMS` of an epoch's ranges
UNHEARD = Reason("forward_unheard", "nothing has come from {names}: is stations right?", names="")
LAST_ASIDE = (
    "SELECT why FROM forward_aside WHERE destination = %s ORDER BY arrived DESC, station, epoch, seq DESC LIMIT 1"
)


class DestinationState(NamedTuple):
    """One destination. Times are microseconds UTC, None where there was none yet.

    `newest`: the start of the newest minute that it has; `proven`: when it last acknowledged something; `waiting`: its
    backlog; `aside`: records that it refuses; `why`: the reason of the last failure, or of the last record set aside,
    and unknown names among its stations; None where there is none of these.
    """

    destination: str
    kind: str
    newest: int | None
    proven: int | None
    waiting: int
    aside: int
    why: Reason | None


def states_of(engine: Engine, sections: Iterable[Forward]) -> list[DestinationState]:
    """Return the state of each destination. Raise SinkError.

    The ledger is summed once for all of them; ranges are read only for epochs of which a destination lacks records.
    """
    here = _sums(engine, "FROM ledger", ())
    return [_state(engine, section, here) for section in sections]


def _state(engine: Engine, section: Forward, here: Mapping[Name, Sums]) -> DestinationState:
    name, only = section.name, frozenset(section.stations)
    found = engine.query("SELECT newest, proven, why FROM forward_lane WHERE destination = %s", (name,))
    newest, proven, why = found[0] if found else (None, None, None)
    has = _sums(engine, "FROM forwarded WHERE destination = %s", (name,))
    refused = forwarded.aside(engine, name)
    lacks = [epoch for epoch, sums in here.items() if sums != has.get(epoch) and (not only or epoch[0] in only)]
    waiting = sum(_waiting(engine, name, epoch, refused.get(epoch, ())) for epoch in lacks)
    aside = sum(ranges.count(some) for some in refused.values())
    untaken = engine.query(LAST_ASIDE, (name,)) if why is None else [(why,)]
    told = [restored(json.loads(said)) for (said,) in untaken]
    if unheard := sorted(only - {station for station, _ in here}):
        told.append(UNHEARD.having(names=", ".join(unheard)))
    return DestinationState(name, section.kind, newest, proven, waiting, aside, joined(told) if told else None)


def _sums(engine: Engine, of: str, values: tuple[str, ...]) -> dict[Name, Sums]:
    """Return a fingerprint of each epoch's ranges: their number, and the sums of their ends."""
    sql = f"SELECT station, epoch, {forwarded.SUMS} {of} GROUP BY station, epoch"
    return {(station, epoch): tuple(map(int, sums)) for station, epoch, *sums in engine.query(sql, values)}


def _waiting(engine: Engine, destination: str, epoch: Name, refused: Ranges) -> int:
    """Count the records of an epoch that a destination neither has nor refuses."""
    of = "WHERE station = %s AND epoch = %s"
    here = ranges.ranges((first, last) for first, last in engine.query(f"SELECT first, last FROM ledger {of}", epoch))
    sql = f"SELECT first, last FROM forwarded {of} AND destination = %s"
    has = ranges.ranges((first, last) for first, last in engine.query(sql, (*epoch, destination)))
    return ranges.count(ranges.without(ranges.without(here, has), refused))
