"""Minutes for the benches: recorded days where they are here, otherwise channels of noise, as stations record them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator

from drivers.quantity import QUANTITIES
from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from tests.data import folder
from tests.kits.days import read_day

BOOT = "6f1c2b1e-0a7d-4f5e-9d63-3b1f6f1c2b1e"
MONTH = 30 * 1440  # minutes
SILENT = {"code": "no_readings", "text": "no readings"}


def month() -> list[Record]:
    """Return the minutes of 30 days: the recorded days one after the other, again and again."""
    return records_of(itertools.islice(days_again(), MONTH))


def days_again() -> Iterator[dict[str, float | None]]:
    """Yield the minutes of the recorded days, one day after the other, again and again without an end."""
    return itertools.cycle([values for _, day in recorded() for values in day] or list(wandering()))


def wandering() -> Iterator[dict[str, float | None]]:
    """Yield minutes of 25 channels, each of which moves by a noise of three of its steps."""
    noise = random.Random(7)
    names = [*QUANTITIES][:20] + [f"{name}.second" for name in [*QUANTITIES][:5]]
    values = dict.fromkeys(names, 20.0)
    for _ in range(2880):
        for name in names:
            quantity = QUANTITIES[name.partition(".")[0]]
            values[name] = quantity.rounded(values[name] + noise.gauss(0, 3 * quantity.resolution))
        yield dict(values)


def recorded() -> Iterator[tuple[str, list[dict[str, float | None]]]]:
    """Yield the days that were recorded, where they are here."""
    for path in sorted((folder() / "station-captures").glob("*.gz")):
        day = read_day(path)
        yield path.name.partition(".")[0], [minute.values(day.long_form) for minute in day.minutes.values()]


def records_of(days: Iterable[dict[str, float | None]], first: int = 0) -> list[Record]:
    """Return minutes of these values as a station records them, from the minute of that number on."""
    found = []
    for number, values in enumerate(days, first):
        body = {
            "values": values,
            "quality": {name: 9 if value is None else 1 for name, value in values.items()},
            "reasons": {name: SILENT for name, value in values.items() if value is None},
        }
        start = 1_767_225_600_000_000 + number * 60_000_000
        mark = ClockMark("ntp", round(0.05 + number % 17 * 0.000_131, 6))
        at = Stamp(BOOT, round(20.126841 + number * 60.0, 6))
        found.append(Record("5d0c9c1f7a22", 5 + number, Kind.MINUTE, at, 60.0, start, mark, 0, 2, raw(body)))
    return found
