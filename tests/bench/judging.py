"""A recorded day passed through the checks, alone or beside a second sensor, with what they have learnt before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from drivers.devices.ascii_station import AsciiStationDecoder, AsciiStationSettings, channels
from drivers.driver import Channel, Frame
from drivers.reading import Reading
from drivers.reason import Reason
from edge.measure.closing import Doubts
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.sun import Site
from edge.sim.capture import read_capture
from tests.bench import faults
from tests.data import shared

SITE = Site(23.12, 113.87, 10.0, 8.0)  # near Guangzhou
WRAP = 3300.0  # mm; four digits of tips
SECOND = ("air_temperature", "relative_humidity", "air_pressure")  # what a second sensor on the mast measures too
WEEWX = {
    "air_temperature": (-40.0, 48.9),  # outTemp -40..120 degF
    "relative_humidity": (0.0, 100.0),
    "air_pressure": (812.7, 1168.3),  # pressure 24..34.5 inHg
    "wind_speed": (0.0, 53.6),  # windSpeed 0..120 mph
}


class Judged(NamedTuple):
    """A day's flags and values, and the minutes in which WeeWX refused a sample, by channel."""

    flags: list[dict[str, int]]
    values: list[dict[str, float | None]]
    refused: dict[str, set[int]]
    failed: dict[str, set[int]]  # minutes with a sample that no instrument may report, by channel
    reasons: list[dict[str, Reason]]


def learnt(days: list[list[faults.Frame]], second: bool) -> Doubts:
    """Return what the checks have learnt of the devices in untouched days before."""
    minutes = Minutes(lines(second, max(days, key=lambda frames: len(frames[len(frames) // 2][1]))), SITE)
    for number, frames in enumerate(days):
        shift = number * 3 * 86_400.0  # no day follows another: nothing leaps at midnight
        judged([(at + shift, frame) for at, frame in frames], frames if second else None, minutes=minutes, begin=shift)
    kept = minutes.keep()
    return Doubts(habits=kept.habits, usual=kept.usual)


def judged(
    frames: list[faults.Frame],
    second: list[faults.Frame] | None = None,
    known: Doubts | None = None,
    *,
    utc: float | None = None,
    minutes: Minutes | None = None,
    begin: float = 0.0,
) -> Judged:
    """Pass a day through the minutes; `second`: the frames of a sensor beside it, which reads 0.2 more.

    `known`: what was learnt before; `utc`: that of the day's begin, without which nothing knows where the sun is;
    `minutes` that go on, where the day begins at `begin`, s.
    """
    minutes = minutes or Minutes(lines(second is not None, frames), SITE, known)
    found = Judged([], [], {}, {}, [])
    for at, sensor, frame in merged(frames, second):
        while at >= begin + 61.0:  # the recorder's grace
            close(minutes, begin, utc, found)
            begin += 60.0
        for name, value in frame.items():
            reading = Reading(name, value, at, wraps_at=WRAP if name == "rainfall_amount" else None)
            minutes.take(sensor, reading)
            if (line := minutes.lines.get((sensor, name))) and line.checker.impossible(reading):
                found.failed.setdefault(name, set()).add(faults.minute(at))
            if sensor == "mast" and name in WEEWX and not WEEWX[name][0] <= value <= WEEWX[name][1]:
                found.refused.setdefault(name, set()).add(faults.minute(at))
    close(minutes, begin, utc, found)
    return found


def close(minutes: Minutes, begin: float, utc: float | None, found: Judged) -> None:
    """Close one minute."""
    body = minutes.close(begin, begin + 60.0, utc, {})
    found.flags.append(body.quality)
    found.values.append(body.values)
    found.reasons.append(body.reasons)


def merged(
    frames: list[faults.Frame], second: list[faults.Frame] | None
) -> Iterator[tuple[float, str, dict[str, float]]]:
    """Yield both sensors' frames in the order of their instants."""
    for place, (at, frame) in enumerate(frames):
        yield at, "mast", frame
        if second is not None:
            yield at, "second", {name: second[place][1][name] + 0.2 for name in SECOND}


def lines(second: bool, frames: list[faults.Frame]) -> list[ChannelLine]:
    """Return the station's channels, with those of the second sensor where there is one."""
    own = [c for c in channels(AsciiStationSettings(port="/dev/null")) if c.quantity in frames[len(frames) // 2][1]]
    made = [line(c.quantity, "mast", c) for c in own]
    return made + [line(f"{c.quantity}.second", "second", c) for c in own if second and c.quantity in SECOND]


def line(name: str, sensor: str, channel: Channel) -> ChannelLine:
    """Return one channel at a line each 3 s."""
    return ChannelLine(name, sensor, channel, limits_for(channel.quantity, SITE.altitude_m), 20.0, height_m=2.0)


def midnight(day: str) -> float:
    """Return the UTC seconds at which a recorded day began, which is named by its local date."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() - SITE.utc_offset_h * 3600.0


def recorded(day: str) -> list[faults.Frame]:
    """Return the good frames of a recorded day, with seconds since its midnight."""
    capture = read_capture(shared(f"station-captures/{day}.txt.gz"))
    decoder = AsciiStationDecoder(AsciiStationSettings(port="/dev/null"))
    frames: list[faults.Frame] = []
    for utc, raw in capture.lines:
        found = (item for item in decoder.feed(raw + b"\n") if isinstance(item, Frame))
        frames.extend(((utc - capture.begin) / 1e6, {r.quantity: r.value for r in item.readings}) for item in found)
    return frames
