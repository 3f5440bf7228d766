"""The text of `show` about a curve, fitted to a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from drivers.quantity import QUANTITIES, Aggregation
from edge.language import texts
from edge.language.texts import _, ngettext
from edge.records.answers import Now, Point
from edge.records.asked import MINUTE_US
from edge.records.channel_name import ChannelName
from provisioning.braille import Extent, curve
from provisioning.folding import columns_of, fold

ROWS = 8  # of the curve
FROST = (0.0, -1.0, -2.0)  # degC
GOOD, SUSPECT, BAD = (1, 2), 3, 4
LEAST_DOTS = 20


class Curve(NamedTuple):
    """A window (microseconds UTC) of a channel; `cold`: the minutes in which to look for frost; `now`: the newest."""

    window: str
    channel: str
    unit: str
    first: int
    last: int
    offset_s: int
    points: list[Point]
    cold: list[Point]
    critical: list[tuple[str, str, float]]
    now: Now

    @property
    def hourly(self) -> bool:
        """Whether its points are hours."""
        return self.window == "season"

    def when(self, time: int | None) -> str:
        """Return an instant by the station's clock."""
        return texts.when(time, self.offset_s / 3600)

    def amount(self, value: float) -> str:
        """Return a value with its unit."""
        return texts.amount(self.channel, value, self.unit)


def lines(curve: Curve, columns: int) -> list[str]:
    """Return the whole text of a curve."""
    head = _("{what}, {first} to {last}").format(
        what=texts.label(curve.channel), first=curve.when(curve.first), last=curve.when(curve.last)
    )
    return [
        *fold(head, columns).split("\n"),
        "",
        *drawn(curve, columns),
        "",
        *(line for said in summary_lines(curve) for line in fold(said, columns).split("\n")),
    ]


def drawn(shown: Curve, columns: int) -> list[str]:
    """Return the curve with its scale, marks of doubtful minutes below it, and begin and end."""
    good = [extent for point in shown.points if (extent := extent_of(point)) is not None]
    if not good:
        return fold(_("No good value was measured in this time."), columns).split("\n")
    low, high = scale(min(one[0] for one in good), max(one[1] for one in good))
    names = [texts.reported(shown.channel, value) for value in (high, low)]
    width = max(map(len, names))
    lead = width + 1 + columns_of("│")
    dots = max(LEAST_DOTS, 2 * (columns - lead))
    rows = curve(binned(shown, dots), ROWS, low, high)
    marks = [names[0], *[""] * (ROWS - 2), names[1]]
    found = [f"{mark:>{width}} │{row}".rstrip("\u2800") for mark, row in zip(marks, rows)]
    doubts = doubtful(shown, dots)
    if "?" in doubts:
        found.append(" " * lead + doubts.rstrip())
    first, last = shown.when(shown.first)[5:], shown.when(shown.last)[5:]
    return [*found, " " * lead + first + " " * (dots // 2 - len(first) - len(last)) + last]


def scale(low: float, high: float) -> Extent:
    """Return the ends of the scale; a flat curve gets one unit on each side, but not below 0 if it is not negative."""
    if high - low >= 1e-9:
        return low, high
    return (max(0.0, low - 1.0) if low >= 0 else low - 1.0), high + 1.0


def extent_of(point: Point) -> Extent | None:
    """Return the lowest and highest good value of a point."""
    if point.quality not in GOOD or point.value is None:
        return None
    low = point.value if point.lowest is None else point.lowest
    return low, point.value if point.highest is None else point.highest


def column_of(curve: Curve, point: Point, dots: int) -> int:
    """Return the column of dots in which a point begins."""
    return max(0, min(dots - 1, (point.start_us - curve.first) * dots // (curve.last - curve.first)))


def binned(curve: Curve, dots: int) -> list[Extent | None]:
    """Return the extent of each column of dots; None where nothing good was measured in it."""
    found: list[Extent | None] = [None] * dots
    for point in curve.points:
        extent = extent_of(point)
        if extent is None:
            continue
        for x in range(column_of(curve, point, dots), column_of_end(curve, point, dots) + 1):
            known = found[x] or extent
            found[x] = min(known[0], extent[0]), max(known[1], extent[1])
    return found


def column_of_end(curve: Curve, point: Point, dots: int) -> int:
    """Return the column of dots in which a point ends."""
    begin = column_of(curve, point, dots)
    return max(begin, min(dots - 1, (point.end_us - 1 - curve.first) * dots // (curve.last - curve.first)))


def doubtful(curve: Curve, dots: int) -> str:
    """Return a line with a mark below each character of a time with doubtful values."""
    marks = [" "] * (dots // 2)
    for point in curve.points:
        if point.quality in (SUSPECT, BAD) or point.suspect or point.bad:
            marks[min(column_of(curve, point, dots) // 2, len(marks) - 1)] = "?"
    return "".join(marks)


def summary_lines(curve: Curve) -> Iterator[str]:
    """Yield the sentences under the curve."""
    yield from extremes(curve)
    if curve.unit == "degC" and any(extent_of(point) for point in curve.points):  # else nobody knows whether it froze
        yield from frost(curve)
    yield from lacking(curve)
    yield newest(curve)


def extremes(curve: Curve) -> Iterator[str]:
    """Yield the lowest and the highest value with their times; of an amount its sum, of a direction the commonest."""
    good = [(point, extent) for point in curve.points if (extent := extent_of(point)) is not None]
    if not good:
        return
    kind = kind_of(curve.channel)
    if kind is Aggregation.TOTAL:
        whole = curve.amount(sum(point.value or 0.0 for point, _extent in good))
        yield _("{amount} in all.").format(amount=whole)
        return
    if kind is Aggregation.DIRECTION:
        names = Counter(texts.compass(point.value) for point, _extent in good if point.value)  # 0 is calm
        if names:
            yield _("Most often from {name}.").format(name=names.most_common(1)[0][0])
        return
    low, high = min(good, key=lambda one: one[1][0]), max(good, key=lambda one: one[1][1])
    sentence = _("Lowest {low} at {low_time}, highest {high} at {high_time}.")
    yield sentence.format(
        low=curve.amount(low[1][0]),
        low_time=curve.when(low[0].start_us if low[0].lowest_us is None else low[0].lowest_us),
        high=curve.amount(high[1][1]),
        high_time=curve.when(high[0].start_us if high[0].highest_us is None else high[0].highest_us),
    )


def kind_of(channel: str) -> Aggregation | None:
    """Return how a channel's minutes are made; None where its quantity is not known."""
    known = QUANTITIES.get(ChannelName.parse(channel).quantity)
    return None if known is None else known.kind


def frost(curve: Curve) -> Iterator[str]:
    """Yield how many minutes were below 0, -1 and -2 degrees, and below each crop's tolerance."""
    counts = [minutes_under(curve.cold, limit) for limit in FROST]
    sentence = _("Below 0 °C: {zero} min, below −1 °C: {one} min, below −2 °C: {two} min.")
    yield sentence.format(zero=counts[0], one=counts[1], two=counts[2])
    for crop, stage, limit in curve.critical:
        sentence = _("Below what {crop} tolerates at {stage} ({limit} °C): {n} min.")
        number = f"{limit:.1f}".replace("-", "−")
        count = minutes_under(curve.cold, limit)
        yield sentence.format(crop=texts.crop(crop), stage=texts.stage(stage), limit=number, n=count)


def minutes_under(points: Sequence[Point], limit: float) -> int:
    """Return the time of good values below a limit, in whole minutes."""
    under = (p.end_us - p.start_us for p in points if p.quality in GOOD and p.value is not None and p.value < limit)
    return round(sum(under) / MINUTE_US)


def lacking(curve: Curve) -> Iterator[str]:
    """Yield how much is doubtful or was not measured; neither is in the figures above."""
    if curve.hourly:
        good, doubts = (sum(getattr(point, name) or 0 for point in curve.points) for name in ("good", "suspect"))
        doubts += sum(point.bad or 0 for point in curve.points)
    else:
        good = round(sum(p.end_us - p.start_us for p in curve.points if extent_of(p)) / MINUTE_US)
        doubts = sum(point.quality in (SUSPECT, BAD) for point in curve.points)
    if doubts:
        sentence = ngettext(
            "{n} minute is doubtful (? under the curve) and not counted.",
            "{n} minutes are doubtful (? under the curve) and not counted.",
            doubts,
        )
        yield sentence.format(n=doubts)
    gone = (curve.last - curve.first) // MINUTE_US - good - doubts
    if gone > 1:  # the minute in hand is no gap
        yield _("Without a value: {time}.").format(time=texts.duration(gone * 60))


def newest(curve: Curve) -> str:
    """Return the newest value and its age."""
    age = texts.duration(curve.now.age_s or 0.0)
    value = curve.now.values.get(curve.channel)
    if value is None or value.value is None:
        return _("Newest minute: no value, {age} ago.").format(age=age)
    word = "" if value.quality == 1 else _(" ({word})").format(word=texts.flag_word(value.quality))
    sentence = _("Newest minute: {amount}{word}, {age} ago.")
    return sentence.format(amount=curve.amount(value.value), word=word, age=age)
