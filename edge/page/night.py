"""Last night: the minimum and its time, how long it was below which limits, wet bulb, wind; as text and as figures."""

from __future__ import annotations

from collections.abc import Sequence

from edge.alerts.crops import CRITICAL
from edge.language import texts
from edge.language.texts import _, ngettext
from edge.measure.derived.minute_values import derive
from edge.page.markup import value_text
from edge.page.source import DAY_US
from edge.page.templates import clock, shortday
from edge.page.view import MINUTE_US, rests_on
from edge.records.answers import Event, Point

HOUR_US = 3_600_000_000
BEGINS_H, ENDS_H = 18, 8  # by the station's clock
LIMITS = (0.0, -1.0, -2.0)  # degC
INPUTS = ("air_temperature", "relative_humidity", "air_pressure")
STAGE_US = 200 * DAY_US  # how long a reported stage is valid


def span_of(now_us: int, offset_s: int) -> tuple[int, int]:
    """Return the night that ends or ended this morning, at any time of the day."""
    midnight = (now_us + offset_s * 1_000_000) // DAY_US * DAY_US - offset_s * 1_000_000
    return midnight - (24 - BEGINS_H) * HOUR_US, min(now_us, midnight + ENDS_H * HOUR_US)


def night_lines(
    span: tuple[int, int], offset_s: int, curves: dict[str, list[Point]], stage: tuple[str, str] | None
) -> list[str]:
    """Return the sentences about a night; `stage`: the reported crop and stage."""
    first, last = span
    head = _("Night to {day}").format(day=shortday(last, offset_s))
    warm = [(p.start_us, p.value) for p in curves["air_temperature"] if p.quality == 1 and p.value is not None]
    if not warm:
        return [head, _("No good temperature was measured in this night.")]
    at, lowest = min(warm, key=lambda pair: pair[1])
    lines = [head, _("Lowest {value} at {time}").format(value=degrees(lowest), time=clock(at, offset_s))]
    under = [_("under {limit}: {n} min").format(limit=degrees(one), n=below(warm, one)) for one in LIMITS]
    lines.append(_(", ").join(under))
    lines += critical(warm, stage)
    if wet := wet_bulbs(curves):
        lines.append(_("Lowest wet bulb {value}").format(value=degrees(min(wet))) + rests_on(len(wet), last - first))
    lines += wind(curves.get("wind_speed", []), last - first)
    missing = round((last - first) / MINUTE_US) - len(warm)
    if missing > 0:
        sentence = ngettext("{n} minute has no good temperature", "{n} minutes have no good temperature", missing)
        lines.append(sentence.format(n=missing))
    return lines


def critical(warm: Sequence[tuple[int, float]], stage: tuple[str, str] | None) -> list[str]:
    """Return how long it was at or below the crop's critical temperature, or that its stage is unknown."""
    if stage is None or stage[1] not in CRITICAL.get(stage[0], {}):
        return [_("The stage of the trees is not set: minutes below their critical temperature are not known.")]
    limit = CRITICAL[stage[0]][stage[1]]
    sentence = _("{crop}, {stage}: {n} min at or below {limit}, where one bud in ten is killed")
    names = {"crop": texts.crop(stage[0]), "stage": texts.stage(stage[1])}
    return [sentence.format(**names, n=sum(value <= limit for _at, value in warm), limit=degrees(limit))]


def wet_bulbs(curves: dict[str, list[Point]]) -> list[float]:
    """Return the wet bulb of each minute with good inputs."""
    known = [{p.start_us: p for p in curves.get(name, [])} for name in INPUTS]
    found = []
    for at in known[0].keys() & known[1].keys() & known[2].keys():
        values = {name: by_time[at].value for name, by_time in zip(INPUTS, known)}
        derived = derive(values, {name: by_time[at].quality for name, by_time in zip(INPUTS, known)})
        if "wet_bulb_temperature" in derived:
            found.append(derived["wet_bulb_temperature"])
    return found


def wind(minutes: Sequence[Point], span_us: int) -> list[str]:
    """Return the mean wind and its strongest minute in a span."""
    speeds = [p.value for p in minutes if p.quality == 1 and p.value is not None]
    if not speeds:
        return []
    sentence = _("Wind {mean} on average, at most {most} in a minute")
    mean, most = (value_text("wind_speed", one, "m/s") for one in (sum(speeds) / len(speeds), max(speeds)))
    return [sentence.format(mean=mean, most=most) + rests_on(len(speeds), span_us)]


def below(warm: Sequence[tuple[int, float]], limit: float) -> int:
    """Return how many minutes were below a limit."""
    return sum(value < limit for _at, value in warm)


def degrees(value: float) -> str:
    """Return a temperature with its unit."""
    return value_text("air_temperature", value, "degC")


def stage_said(events: Sequence[Event]) -> tuple[str, str] | None:
    """Return crop and stage of the newest event with one."""
    for event in events:
        if isinstance(event.body, dict) and event.body.get("crop") in CRITICAL:
            return str(event.body["crop"]), str(event.body.get("stage"))
    return None
