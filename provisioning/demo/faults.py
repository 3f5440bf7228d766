"""A demo with faults: which sensors were missing, why, and when they were back, read from the stored minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge.language import texts
from edge.language.texts import _
from edge.records.record import Kind, Record
from edge.sim.faults import DeviceFault, device_faults, inject
from edge.sim.record_checkers import Truth
from edge.sim.rig import Rig
from edge.sim.scenario import DaemonRun
from edge.sim.value_checker import value_checks
from edge.station import Station

TOLD_AFTER = 2  # minutes; the first one of a gap is often partial, and its reason says only that
WHOLE = 59.9  # s; short minutes at a start or an end say nothing about a device


@dataclass(frozen=True, slots=True)
class SensorGap:
    """A sensor without some of its values since `since` (microseconds UTC)."""

    since: int
    channels: tuple[str, ...]
    reason: str
    minutes: int = 1

    def longer(self, channels: tuple[str, ...], reason: str) -> SensorGap:
        """Return the gap extended by a minute, with the channels and reason of that minute."""
        return SensorGap(self.since, channels, reason, self.minutes + 1)


class FaultLog:
    """Injects faults into a rig's twins, by a seed, and logs a line for each sensor that is missing or back."""

    def __init__(self, rig: Rig, station: Station, seed: int) -> None:
        self._rig, self._station = rig, station
        self._zero = rig.clock.now()
        self._next = station.store.next_seq
        self._channels: dict[str, list[str]] = {}
        for (sensor, _quantity), channel in rig.config.channels().items():
            self._channels.setdefault(sensor, []).append(channel)
        self._gaps: dict[str, SensorGap] = {}
        self._device_faults: list[DeviceFault] = []
        self._count = 0
        self.lines: list[str] = []
        inject(rig, self._coming(seed), self._zero)

    def report(self) -> dict[str, Any]:
        """Return how often a sensor went missing, and the complaints of the value checker."""
        self.look()
        boot, store = self._rig.boot, self._station.store
        begin, end = boot.utc_at(self._zero), boot.utc_at(self._rig.clock.now())
        run = DaemonRun(self._station.epoch, boot, begin, end, "stopped")
        truth = Truth(self._rig.config, self._rig.weather.at, begin, (run,), tuple(self._device_faults))
        return {"gaps": self._count, "complaints": value_checks(truth, store.range(1, store.next_seq))}

    def _coming(self, seed: int) -> Iterator[DeviceFault]:
        for event in device_faults(seed, self._rig.config.sensor):
            self._device_faults.append(event)
            yield event

    def look(self) -> list[str]:
        """Return the new lines since the last look."""
        known = len(self.lines)
        store = self._station.store
        for record in store.range(self._next, store.next_seq):
            self._next = record.seq + 1
            if record.kind == Kind.MINUTE and record.duration >= WHOLE and record.start is not None:
                self._minute(record, record.start)
        return self.lines[known:]

    def _minute(self, minute: Record, start: int) -> None:
        """Add the lines of a minute: one for all sensors that went missing together for the same reason."""
        gone: dict[tuple[int, str], list[tuple[str, SensorGap]]] = {}
        for sensor, channels in self._channels.items():
            gap = self._sensor(minute, start, sensor, channels)
            if gap is not None:
                gone.setdefault((gap.since, gap.reason), []).append((sensor, gap))
        for (since, reason), together in gone.items():
            names = _(", ").join(sensor for sensor, _gap in together)
            labels = _(", ").join(texts.label(channel) for _sensor, gap in together for channel in gap.channels)
            sentence = _("{sensor}: missing, {reason}: {channels}")
            self._add_line(since, sentence.format(sensor=names, reason=reason, channels=labels))

    def _sensor(self, minute: Record, start: int, sensor: str, channels: list[str]) -> SensorGap | None:
        """Update one sensor's gap by a minute. Return it where it is just long enough to be logged."""
        body = minute.fields()
        values = body["values"]
        lost = tuple(channel for channel in channels if values.get(channel) is None)
        gap = self._gaps.get(sensor)
        if lost:
            reason = texts.render_value(body["reasons"].get(lost[0]))
            self._gaps[sensor] = gap = gap.longer(lost, reason) if gap is not None else SensorGap(start, lost, reason)
            self._count += gap.minutes == TOLD_AFTER
            return gap if gap.minutes == TOLD_AFTER else None
        if gap is not None:
            del self._gaps[sensor]
            if gap.minutes >= TOLD_AFTER:
                back = texts.ngettext(
                    "{sensor}: back after {n} minute", "{sensor}: back after {n} minutes", gap.minutes
                )
                self._add_line(start, back.format(sensor=sensor, n=gap.minutes))
        return None

    def _add_line(self, at: int, sentence: str) -> None:
        self.lines.append(f"{texts.when(at, self._rig.config.site.utc_offset_h)}  {sentence}")
