"""How far each destination is, for people and programs."""

from __future__ import annotations

import json
from typing import NamedTuple

from drivers.reason import Reason, joined, restored
from edge.config.forward import Forward
from edge.records import ranges
from hub.database import forwarded
from hub.database.engine import Engine

UNHEARD = Reason("forward_unheard", "nothing has come from {names}: is stations right?", names="")
LAST_ASIDE = (
    "SELECT why FROM forward_aside WHERE destination = %s ORDER BY arrived DESC, station, epoch, seq DESC LIMIT 1"
)


class DestinationState(NamedTuple):
    """One destination. Times are microseconds UTC, None where there was none yet.

    `newest`: the start of the newest minute that it has; `proven`: when it last took something; `waiting`: records that
    it lacks; `aside`: records that it does not take; `why`: the reason of the last failure, or of the last record that
    was set aside, and that one of its stations is not known here; None where there is nothing of that.
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
    untaken = engine.query(LAST_ASIDE, (name,)) if why is None else [(why,)]
    told = [restored(json.loads(said)) for (said,) in untaken]
    if unheard:
        told.append(UNHEARD.having(names=", ".join(unheard)))
    return DestinationState(name, section.kind, newest, proven, waiting, aside, joined(told) if told else None)
