"""A box of a made season: its air, its rules over a real store, and what waits for the link."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

from edge.alerts.alerts import Alerts
from edge.config.file import load
from edge.records.bodies import Alert, decode, plain
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.station_text import HEAD, SHELTER

MINUTE_US = 60_000_000
DUSK, DAWN = 23 * 60, 7 * 60  # minutes of the day
KNOWN = ClockMark("ntp", 0.05)
LIMIT, HOLD = 1.0, 4  # degC and minutes, of the rule "cold"
RULES = f"""
[[alert]]
name = "frost"
crop = "apple"
hold_min = 3
clear_min = 10
[[alert]]
name = "cold"
channel = "air_temperature"
below = [{LIMIT}]
hold_min = {HOLD}
clear_min = 5
clear_by = 0.5
hours = ["19:00", "09:00"]
[[alert]]
name = "lost"
lost = [1.0]
hold_min = 5
clear_min = 3
"""


class Box:
    """One of them. `said`: each turn of an alert, with its record; `read`: each minute's begin and air."""

    def __init__(self, folder: Path, name: str, seed: int) -> None:
        self.name, self._chance = name, Random(f"{name} {seed}")
        self._folder = folder / name
        self._folder.mkdir()
        file = self._folder / "station.toml"
        file.write_text((HEAD + SHELTER).format(state=self._folder / "state").replace('"s"', f'"{name}"') + RULES)
        self._config = load(file)
        self.said: list[tuple[Alert, Record]] = []
        self.read: list[tuple[int, float | None]] = []
        self.waiting: list[Record] = []
        self.is_on = False
        self._waver = 0.0
        self._boots = self._ended = 0

    def start(self) -> None:
        """Start, as after a power cut."""
        self._boots += 1
        self._store = Store.open(
            self._folder / "state", epoch=f"{self._boots:x}{self.name[-1]}", destinations=(PLATFORM,)
        )
        self._alerts = Alerts(self._config, self._store, self._store.state().get("alerts"))
        self.is_on = True

    def stop(self) -> None:
        """End as by SIGKILL."""
        if self.is_on:
            self._store.close()
        self.is_on = False

    def minute(self, end_us: int, air: float | None, most: int = 1) -> None:
        """Close a minute, or `most` of them that are one here, and have the rules judge it."""
        minutes = min(most, round((end_us - self._ended) / MINUTE_US)) or 1
        begin_us, self._ended = end_us - minutes * MINUTE_US, end_us
        values = {"air_temperature": air, "relative_humidity": None if air is None else 100.0, "air_pressure": 840.0}
        quality = {name: 9 if value is None else 1 for name, value in values.items()}
        if air is None:
            values["air_pressure"], quality["air_pressure"] = None, 9
        stamp = Stamp(f"b{self._boots}", begin_us / 1e6)
        body = {"values": values, "quality": quality, "reasons": {}}
        self._keep(Draft(Kind.MINUTE, stamp, 60.0 * minutes, begin_us, KNOWN, body))
        self.read.append((begin_us, air))
        for turn in self._alerts.turned():
            draft = Draft(Kind.ALERT, stamp, 0.0, end_us, KNOWN, plain(turn))
            said = self._keep(draft)
            found = decode(Kind.ALERT, said.body)
            assert isinstance(found, Alert)
            self.said.append((found, said))

    @property
    def is_alert(self) -> bool:
        """Return whether every minute is sent at once."""
        return any(one.step for one in self._alerts.now)

    def _keep(self, draft: Draft) -> Record:
        record = self._store.append(draft, {"alerts": self._alerts.keep()})
        self.waiting.append(record)
        return record

    def air(self, minute: int, least: float, fall: float) -> float:
        """Return the air of a minute of the night that began at DUSK, degC: falling till dawn, then rising fast."""
        length = DAWN + 24 * 60 - DUSK
        if minute <= length:
            value = least + fall * (1 - math.sqrt((minute + 1) / length))
        else:
            value = least + 0.06 * (minute - length)
        self._waver = 0.95 * self._waver + self._chance.gauss(0.0, 0.08)
        return round(value + self._waver, 1)
