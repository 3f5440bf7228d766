"""How far each destination is, for people and programs."""

from __future__ import annotations

import json
from typing import NamedTuple

from drivers.reason import Reason, restored
from edge.config.forward import Forward
from edge.records import ranges
from hub.database import forwarded
from hub.database.engine import Engine

UNHEARD = Reason("forward_unheard", "nothing has come from {names}: is stations right?", names="")


class DestinationState(NamedTuple):
    """One destination. Times are microseconds UTC, None where there was none yet.

    `newest`: the start of the newest minute that it has; `proven`: when it last took something; `waiting`: records that
    it lacks; `aside`: records that it does not take; `why`: the reason of the last failure, or that one of its stations
    is not known here; None where the last try got through.
    """

    destination: str
    kind: str
    newest: int | None
    proven: int | None
    waiting: int
    aside: int
    why: Reason | None


def state_of(engine: Engine, section: Forward) -> DestinationState:
    """Return how far a destination is. Raise SinkError."""
    name = section.name
    found = engine.query("SELECT newest, proven, why FROM forward_lane WHERE destination = %s", (name,))
    newest, proven, why = found[0] if found else (None, None, None)
    left = forwarded.waiting(engine, name, section.stations)
    unheard = sorted(set(section.stations) - {station for station, _ in forwarded.ledger(engine)})
    aside = sum(ranges.count(some) for some in forwarded.aside(engine, name).values())
    waiting = sum(ranges.count(some) for some in left.values())
    told = None if why is None else restored(json.loads(why))
    if told is None and unheard:
        told = UNHEARD.having(names=", ".join(unheard))
    return DestinationState(name, section.kind, newest, proven, waiting, aside, told)
