"""Alarms in the hub's database. All methods raise SinkError; alarms are read and changed in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from edge.records.bodies import Alert
from edge.records.record import Kind
from hub.alarms import alarm as alarms
from hub.alarms import escalation
from hub.alarms.alarm import Alarm
from hub.database.engine import Engine
from hub.database.rows import body_in

AT_ONCE = 500  # alert records that are processed in one pass
TAKEN = ("station", "epoch", "seq", "revision")


class AlarmBook:
    """Stores alarms. `engine`: used from one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def live(self) -> list[Alarm]:
        """Return the alarms that are open or whose end is still to be told; lock them within a transaction."""
        mine = " FOR UPDATE" if self._engine.postgres else ""
        found = self._engine.query(f"SELECT said FROM alarm WHERE live = 1 ORDER BY id{mine}")
        return [msgspec.json.decode(said, type=Alarm) for (said,) in found]

    def load_alarms(self, ids: Iterable[str]) -> dict[str, Alarm]:
        """Return those of these alarms that exist, by id; lock them within a transaction."""
        keys = sorted({(name,) for name in ids})
        found = self._engine.lookup("alarm", ("id", "said"), ("id",), keys, lock=True)
        return {name: msgspec.json.decode(said, type=Alarm) for name, said in found}

    def since(self, first_us: int, stations: frozenset[str] | None, most: int = 500) -> list[Alarm]:
        """Return the open alarms and those that changed since, the newest first, of these stations alone."""
        found = self._engine.query(
            "SELECT said FROM alarm WHERE live = 1 OR changed >= %s ORDER BY live DESC, changed DESC LIMIT %s",
            (first_us, most),
        )
        all_of = (msgspec.json.decode(said, type=Alarm) for (said,) in found)
        return [one for one in all_of if stations is None or one.station in stations]

    def keep(self, changed: Iterable[Alarm]) -> None:
        """Store alarms."""
        for one in changed:
            live = one.open or (bool(one.escalation.told) and not one.escalation.over_told) or one.is_untold
            values = one.id, one.station, int(live), one.changed_us, msgspec.json.encode(one).decode()
            self._engine.query(
                "INSERT INTO alarm (id, station, live, changed, said) VALUES (%s, %s, %s, %s, %s) "
                "ON CONFLICT (id) DO UPDATE SET live = excluded.live, changed = excluded.changed, said = excluded.said",
                values,
            )

    def take(self) -> int:
        """Process new and revised alert records. Return how many; call it within a transaction."""
        found = self._engine.query(
            "SELECT r.station, r.epoch, r.seq, r.revision, r.body, r.start, r.not_after, r.arrived FROM record r "
            "LEFT JOIN alarm_taken t ON t.station = r.station AND t.epoch = r.epoch AND t.seq = r.seq "
            "WHERE r.kind = 'alert' AND (t.seq IS NULL OR t.revision < r.revision) ORDER BY r.arrived, r.seq LIMIT %s",
            (AT_ONCE,),
        )
        read = [(line, body_in(Kind.ALERT, line[4], Alert)) for line in found]
        known = self.load_alarms(alarms.identity(line[0], alert.alert) for line, alert in read if alert is not None)
        for (station, _, seq, _, _, start, until, arrived), alert in read:
            if alert is None:
                continue
            at = next(time for time in (start, alert.begin, until, arrived) if time is not None)
            name = alarms.identity(station, alert.alert)
            known[name] = alarms.apply_turn(known.get(name), station, alert, seq, at, arrived)
        self.keep(known.values())
        taken = [tuple(line[:4]) for line, _ in read]
        self._engine.upsert("alarm_taken", TAKEN, taken, TAKEN[:3])
        return len(found)

    def acknowledge(self, ids: Sequence[str], who: str, now: int) -> list[Alarm]:
        """Acknowledge these alarms, unless somebody did before. Return them as they are now."""
        with self._engine.transaction():
            known = self.load_alarms(ids)
            changed = [one for one in known.values() if escalation.acknowledge(one, who, now)]
            self.keep(changed)
        return [known[name] for name in ids if name in known]

    # -- notes ---------------------------------------------------------------------------------------------

    def note(self, name: str) -> Any:
        """Return the note of a name; None where there is none."""
        found = self._engine.query("SELECT said FROM alarm_note WHERE name = %s", (name,))
        return json.loads(found[0][0]) if found else None

    def write(self, name: str, said: object) -> None:
        """Store a note under a name."""
        self._engine.query(
            "INSERT INTO alarm_note (name, said) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET said = excluded.said",
            (name, json.dumps(said)),
        )
