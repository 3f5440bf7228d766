"""Time over ten days with the platform's hourly answers alone: how wrong minutes are, how many beyond their word.

A box without sensors in simulated time (`tests/kits/clock_days.py`): its recorder, its store, a crystal that is 50 ppm
off. The platform states half a round trip, 50 ms, and is off by up to that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from edge.records.record import Kind
from edge.sim.faults import Schedule
from edge.sim.record_checkers import true_span
from edge.sim.times import Teller
from tests.bench.figures import Row
from tests.kits.clock_days import ClockDay
from tests.kits.stations import DAY, HOUR
from tests.kits.store_kit import memory_folder

DAYS = 10
PPM = (50.0, -50.0)
LEARNT = 150  # minutes after which three answers have shown the crystal's rate


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    logging.getLogger("minshan").setLevel(logging.ERROR)  # no answer between two is no news here
    for ppm in PPM:
        wrong, stated = off_and_stated(ppm)
        beyond = sum(off > error for off, error in zip(wrong, stated, strict=True))
        early, later = max(stated[:LEARNT]), max(stated[LEARNT:])
        what = f"time error over {DAYS} days, the platform's time alone, crystal {ppm:+.0f} ppm"
        yield {"what": f"{what} (s off at worst)", "ours": f"{max(wrong):.2f}"}
        yield {"what": "  stated (s at most; in the first 150 minutes, later)", "ours": f"{early:.2f}, {later:.2f}"}
        yield {"what": f"  minutes beyond what they state, of {len(wrong):,}", "ours": str(beyond)}


def off_and_stated(ppm: float) -> tuple[list[float], list[float]]:
    """Return by how much each minute is wrong, and what error it states, s."""
    with memory_folder() as folder:
        day = ClockDay(folder, Schedule(tellers=(Teller("platform", 0.05, every=HOUR),), ppm=ppm))
        minutes = [record for record in day.live(DAYS * DAY) if record.kind == Kind.MINUTE]
    run = day.runs[0]
    wrong = [abs((minute.start or 0) - true_span(run, minute)[0]) / 1e6 for minute in minutes]
    return wrong, [minute.clock.error or 0.0 for minute in minutes]
