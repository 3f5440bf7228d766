"""What quality control finds and what it flags wrongly: five recorded days of a real station, faults put in.

Beside it WeeWX's StdQC on the same samples: it knows a least and a most for each quantity and nothing else
(weewx/qc.py, limits of its standard weewx.conf 5.x); a sample outside becomes None.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from drivers.devices.ascii_station import AsciiStationDecoder, AsciiStationSettings, channels
from drivers.driver import Channel, Frame
from drivers.reading import Reading
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.sim.capture import read_capture
from tests.bench import faults
from tests.bench.figures import Row, UnmeasuredError
from tests.data import folder, shared

DAYS = ("2019-08-04", "2020-12-27", "2021-05-04", "2021-06-01", "2022-07-24")
ALTITUDE = 10.0  # m, near Guangzhou
SEEDS = (1, 2, 3, 4)
PASSED = "wrong minutes passed as good"
ORDER = (PASSED, "spikes", "stuck", "offsets", "drifts", "gaps", "slipped")
BESIDE = "good values beside spikes and stuck spells"
WRAP = 3300.0  # mm; four digits of tips
SECOND = ("air_temperature", "relative_humidity", "air_pressure")  # what a second sensor on the mast measures too
# A value that is further from the true day's is wrong; what is nearer, nobody is misled by.
WRONG = {"air_temperature": 0.3, "relative_humidity": 2.0, "air_pressure": 0.3, "wind_speed": 0.5, "pm2p5": 5.0}
WRONG_DEGREES = 20.0
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


class Found(NamedTuple):
    """How many spells there were, and how many were found by each."""

    spells: int
    ours: int
    weewx: int

    def __add__(self, other: object) -> Found:
        assert isinstance(other, Found)
        return Found(*(a + b for a, b in zip(self, other)))


def rows() -> list[Row]:
    """Return the bench's rows; the peer is WeeWX StdQC."""
    if not (folder() / "station-captures").is_dir():
        raise UnmeasuredError(f"the recordings station-captures are not in {folder()} (set MINSHAN_DATA to its folder)")
    totals: dict[str, Found] = {}
    good = Found(0, 0, 0)
    for day in DAYS:
        frames = recorded(day)
        clean = judged(frames)
        good += wrongly_flagged(clean)
        for what, found in day_of_faults(frames, clean):
            totals[what] = totals.get(what, Found(0, 0, 0)) + found
    near = totals.pop(BESIDE)
    both = totals["spikes"] + totals["stuck spells"]
    table = [
        row(f"{what}{'' if PASSED in what else ' found'} (%, of {found.spells})", found)
        for what, found in sorted(totals.items(), key=order)
    ]
    table.insert(0, row(f"spikes and stuck spells found (%, of {both.spells})", both))
    table.append(row(f"good minutes flagged (%, of {good.spells}; any of up to 9 channels)", good, digits=3))
    return [*table, row(f"{BESIDE} flagged (%, of {near.spells})", near, digits=3)]


def order(item: tuple[str, Found]) -> tuple[int, str]:
    """Return the sorting key that puts parts (- spikes of ...) behind their whole."""
    what = item[0].removeprefix("- ")
    return next(n for n, fault in enumerate(ORDER) if what.startswith(fault)), what


def row(what: str, found: Found, digits: int = 1) -> Row:
    """Return one row of the table."""
    ours, peer = 100 * found.ours / max(found.spells, 1), 100 * found.weewx / max(found.spells, 1)
    return {
        "what": what,
        "ours": f"{ours:.{digits}f}",
        "peer": f"{peer:.{digits}f}",
        "ratio": f"{ours / peer:.1f}" if peer else "",
    }


def day_of_faults(frames: list[faults.Frame], clean: Judged) -> Iterator[tuple[str, Found]]:
    """Yield each fault put into the day alone, what was found of it, and the wrong minutes that passed."""
    for seed in SEEDS:
        spoiled, where = faults.stuck(frames, Random(seed), may_be_stuck)
        result = judged(spoiled)
        yield from each("stuck spells", where, result, clean)
        yield from passed("stuck", where, result, clean)
        yield BESIDE, beside(where, result, clean)
    spoiled, where = faults.spikes(frames, Random(SEEDS[0]))
    result = judged(spoiled)
    yield from each("spikes", where, result, clean)
    yield from passed("spikes", where, result, clean)
    yield BESIDE, beside(where, result, clean)
    spoiled, where = faults.missing(frames, Random(SEEDS[0]))
    yield from each("gaps", where, judged(spoiled), clean)
    spoiled, where = faults.slipped(frames, Random(SEEDS[0]))
    yield "slipped frames (fields moved up, no check sum)", slips(where, judged(spoiled), clean)
    for what, spoil in (("offsets", faults.offsets), ("drifts", faults.drifts)):
        spoiled, where = spoil(frames, Random(SEEDS[0]))
        for which, second in (("one sensor", None), ("beside a second sensor", frames)):
            result = judged(spoiled, second)
            yield from each(f"{what}, {which},", where, result, clean)
            yield from passed(f"{what}, {which}", where, result, clean)
    held = {
        name: spans for name, spans in faults.stuck(frames, Random(SEEDS[0]), may_be_stuck)[1].items() if name in SECOND
    }
    spoiled = faults.stuck(frames, Random(SEEDS[0]), may_be_stuck)[0]
    yield from passed("stuck, beside a second sensor", held, judged(spoiled, frames), clean)


def slips(where: faults.Spoiled, result: Judged, clean: Judged) -> Found:
    """Count the slipped frames. Each spoils all channels of its minute and is found where any of them is."""
    spoiled = {span.start for spans in where.values() for span in spans}
    ours = sum(any(seen(result, clean, name, m) for name in where) for m in spoiled)
    return Found(len(spoiled), ours, sum(any(m in minutes for minutes in result.refused.values()) for m in spoiled))


def may_be_stuck(name: str, values: dict[str, float]) -> bool:
    """Return whether the value may be stuck: where physics lets it stand still (fog, calm) nobody can tell."""
    if name == "pm2p5":
        return values[name] > 30
    if name in ("wind_speed", "wind_from_direction"):
        return values["wind_speed"] > 0
    return name != "relative_humidity" or values[name] < 95


def each(what: str, where: faults.Spoiled, result: Judged, clean: Judged) -> Iterator[tuple[str, Found]]:
    """Yield what was found of one fault, all channels together, and by channel where they differ in kind."""
    for name, spans in where.items():
        ours = sum(
            any(seen(result, clean, name, m) or kept_out(result, clean, name, span) for m in span) for span in spans
        )
        weewx = sum(any(m in result.refused.get(name, ()) for m in span) for span in spans)
        found = Found(len(spans), ours, weewx)
        yield what, found
        if what in ("spikes", "stuck spells"):
            yield f"- {what} of {name}", found


def passed(what: str, where: faults.Spoiled, result: Judged, clean: Judged) -> Iterator[tuple[str, Found]]:
    """Yield the minutes that were wrong, and how many of them passed as good: all together, and by quantity."""
    for name, spans in where.items():
        off = [m for span in spans for m in span if m < len(clean.flags) and wrong(name, result, clean, m)]
        found = Found(len(off), sum(result.flags[m][name] == 1 for m in off), 0)
        yield f"{PASSED}: {what}", found
        yield f"- {PASSED}: {what}, {name}", found


def wrong(name: str, result: Judged, clean: Judged, number: int) -> bool:
    """Return whether a minute has a value that is off."""
    ours, true = result.values[number][name], clean.values[number][name]
    if ours is None or true is None:
        return False
    if name == "wind_from_direction":
        return abs((ours - true + 180.0) % 360.0 - 180.0) > WRONG_DEGREES
    return abs(ours - true) > WRONG.get(name, 0.0)


def beside(where: faults.Spoiled, result: Judged, clean: Judged) -> Found:
    """Count the values outside of every fault that are flagged though the untouched day's are not."""
    good = ours = 0
    for number, flags in enumerate(result.flags[: len(clean.flags)]):
        for name, flag in flags.items():
            if clean.flags[number][name] == 1 and not any(number in span for span in where.get(name, [])):
                good += 1
                ours += flag in (3, 4)
    return Found(good, ours, 0)


def seen(result: Judged, clean: Judged, name: str, number: int) -> bool:
    """Return whether there is a flag that the untouched minute does not have, or a value missing that it has."""
    if number >= len(result.flags):
        return False
    return result.flags[number][name] != 1 and result.flags[number][name] != clean.flags[number][name]


def kept_out(result: Judged, clean: Judged, name: str, span: range) -> bool:
    """Return whether a bad sample failed alone: the minute passes, with the value it would have had."""
    number = span.start if len(span) == 1 else -1
    return number in result.failed.get(name, ()) and result.values[number][name] == clean.values[number][name]


def wrongly_flagged(clean: Judged) -> Found:
    """Count the untouched day's minutes with a value suspect or failed, of those with anything measured."""
    minutes = [flags for flags in clean.flags if any(flag != 9 for flag in flags.values())]
    ours = sum(any(flag in (3, 4) for flag in flags.values()) for flags in minutes)
    return Found(len(minutes), ours, len(set().union(*clean.refused.values()) if clean.refused else ()))


def judged(frames: list[faults.Frame], second: list[faults.Frame] | None = None) -> Judged:
    """Pass a day through the minutes; `second`: the frames of a sensor beside it, which reads 0.2 more."""
    minutes = Minutes(lines(second is not None, frames))
    flags: list[dict[str, int]] = []
    values: list[dict[str, float | None]] = []
    refused: dict[str, set[int]] = {}
    failed: dict[str, set[int]] = {}
    begin = 0.0
    for at, sensor, frame in merged(frames, second):
        while at >= begin + 61.0:  # the recorder's grace
            close(minutes, begin, flags, values)
            begin += 60.0
        for name, value in frame.items():
            reading = Reading(name, value, at, wraps_at=WRAP if name == "rainfall_amount" else None)
            minutes.take(sensor, reading)
            if minutes.lines[sensor, name].checker.impossible(reading):
                failed.setdefault(name, set()).add(faults.minute(at))
            if sensor == "mast" and name in WEEWX and not WEEWX[name][0] <= value <= WEEWX[name][1]:
                refused.setdefault(name, set()).add(faults.minute(at))
    close(minutes, begin, flags, values)
    return Judged(flags, values, refused, failed)


def close(minutes: Minutes, begin: float, flags: list[Any], values: list[Any]) -> None:
    """Close one minute."""
    body = minutes.close(begin, begin + 60.0, None, {})
    flags.append(body.quality)
    values.append(body.values)


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
    return ChannelLine(name, sensor, channel, limits_for(channel.quantity, ALTITUDE), 20.0, height_m=2.0)


def recorded(day: str) -> list[faults.Frame]:
    """Return the good frames of a recorded day, with seconds since its midnight."""
    capture = read_capture(shared(f"station-captures/{day}.txt.gz"))
    decoder = AsciiStationDecoder(AsciiStationSettings(port="/dev/null"))
    frames: list[faults.Frame] = []
    for utc, raw in capture.lines:
        found = (item for item in decoder.feed(raw + b"\n") if isinstance(item, Frame))
        frames.extend(((utc - capture.begin) / 1e6, {r.quantity: r.value for r in item.readings}) for item in found)
    return frames
