"""Good minutes that quality control flags on days of storm, foehn, fog and calm, with one sensor of each quantity.

A quiet day goes before each, in which the checks learn the devices. What says no more than what is so does not count:
rain of which a part was not read or not proven, and snow that melts in a gauge that is not heated.
"""

from __future__ import annotations

from random import Random

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.quality import Flag
from edge.measure.sun import Site
from tests.bench.climates import DAY, Frame
from tests.bench.figures import Row
from tests.bench.storm_days import ALTITUDE_M, KITS, LATITUDE, SCENES, Kit, Scene, Weather, told
from tests.bench.storm_events import fog, valley

NEW_YEAR = 1_735_689_600.0  # 2025, UTC s
AIM = "<= 0.1"
WRAP = 3300.0  # mm, of the gauge
SAID = ("end_unread", "fell_before", "counter_restarted", "more_than_specified", "melt")  # codes of what is so


def rows() -> list[Row]:
    """Return the bench's rows: one for each kit of devices."""
    counts = dict.fromkeys((kit.name for kit in KITS), (0, 0))
    for scene in SCENES:
        quiet = Scene("quiet", (fog, valley) if fog in scene.events else (valley,), *season(scene))
        air = list(Weather([quiet, scene], Random(f"{scene.name} 1")).frames())
        for kit in KITS:
            minutes, bad = flagged(scene, kit, air)
            before = counts[kit.name]
            counts[kit.name] = before[0] + minutes, before[1] + bad
    return [
        {
            "what": f"good minutes of storm days flagged, {name} (%, of {of})",
            "ours": f"{100 * bad / of:.3f}",
            "aim": AIM,
        }
        for name, (of, bad) in counts.items()
    ]


def season(scene: Scene) -> tuple[int, float, float, float, float]:
    """Return what a scene's day has in common with the one before."""
    return scene.day_of_year, scene.mean, scene.swing, scene.vapour, scene.cloud


def flagged(scene: Scene, kit: Kit, air: list[Frame]) -> tuple[int, int]:
    """Return the minutes of two days, and how many of them have a suspect or bad value."""
    minutes = Minutes(lines(kit), Site(LATITUDE, 0.0, ALTITUDE_M, 0.0))
    utc, begin = NEW_YEAR + (scene.day_of_year - 2) * DAY, 0.0
    count = bad = 0
    for at, frame in told(kit, air, Random(f"{scene.name} {kit.name}")):
        while at >= begin + 61.0:
            body = minutes.close(begin, begin + 60.0, utc, {})
            doubted = [name for name, flag in body.quality.items() if flag in (Flag.SUSPECT, Flag.FAIL)]
            bad += any(body.reasons[name].code not in SAID for name in doubted)
            count, begin = count + 1, begin + 60.0
        for name, value in frame.items():
            minutes.take("mast", Reading(name, value, at, wraps_at=WRAP if name == "rainfall_amount" else None))
    return count, bad


def lines(kit: Kit) -> list[ChannelLine]:
    """Return the channels of a mast."""
    names = ("air_temperature", "relative_humidity", "air_pressure", "wind_speed", "wind_from_direction")
    return [
        ChannelLine(
            *(name, "mast", Channel(name, -1e6, 1e6, kit.step(name)), limits_for(name, ALTITUDE_M), 60.0 / kit.every),
            height_m=2.0,
        )
        for name in (*names, "pm2p5", "illuminance", "rainfall_amount")
    ]
