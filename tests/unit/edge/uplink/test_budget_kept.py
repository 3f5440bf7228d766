"""A station with a budget: what goes is counted over restarts, pictures and minutes are thinned, nothing is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.budget.budget import Budget, Terms
from edge.budget.meter import Use
from edge.budget.thinning import Rates, ThinningStep
from edge.config.sections import BrokerSection
from edge.northbound.minshan import OutgoingBatch
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import NewPicture, PicturePart, file_name
from edge.store.store import Store
from edge.uplink.chunks import Chunks
from edge.uplink.destination import Destination
from edge.uplink.lacking import LackingCounts
from edge.uplink.packet_limit import PacketLimit
from edge.uplink.record_encoder import RecordEncoder
from edge.uplink.send_queue import SendQueue
from edge.uplink.too_large import TooLarge
from edge.uplink.window import Window
from edge.wire.contract import Piece, Receipt, Topic
from tests.kits.uplink_kit import destination

MIDNIGHT = 1_767_225_600_000_000 - 8 * 3_600_000_000  # 2026-01-01 in Maoxian
HOUR = 3_600_000_000
RATES = Rates({1: 500_000.0, 5: 120_000.0, 10: 70_000.0, 60: 16_000.0}, 1, 0.0, 500_000.0, 250_000.0, 13e6, 1e6)
MARK = ClockMark("ntp", 0.01)
AMPLE, HOURLY, TENS = 1e12, 55e6, 42e6  # bytes a month: everything, one full picture a day, minutes in tens too


@pytest.fixture(name="store")
def opened(tmp_path: Path) -> Iterator[Store]:
    """Give an empty store."""
    made = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
    yield made
    made.close()


def budget_of(most: float, clock: SimClock | None = None, kept: Any = None) -> Budget:
    """Return a station's budget at the first midnight of a month, which has been looked at."""
    made = Budget(Terms(most, 1, 8.0, True, RATES), clock or SimClock(), lambda: MIDNIGHT, kept)
    made.look()
    return made


def pictured(store: Store, hour: int, command: str = "") -> str:
    """Put a picture of that hour of the day into the store. Return its name."""
    full, thumbnail = b"%d" % hour * 9000, b"%d" % hour * 5000
    name = hashlib.sha256(full).hexdigest()
    for part, data in (("full", full), ("thumbnail", thumbnail)):
        (store.pictures.folder / file_name(name, part)).write_bytes(data)
    body = {"picture": name, "camera": "north", "command": command}
    parts = [PicturePart(len(data), hashlib.sha256(data).hexdigest()) for data in (full, thumbnail)]
    draft = Draft(Kind.PICTURE, Stamp("b", 0.0), 0.0, MIDNIGHT + hour * HOUR, MARK, body)
    store.append(draft, picture=NewPicture(name, "north", *parts))
    return name


def there(budget: Budget) -> Destination:
    """Return a platform whose broker's word is enough."""
    return destination(BrokerSection(url="mqtts://127.0.0.1", proof="broker"), "min-1", budget=budget)


def sent(store: Store, budget: Budget) -> list[tuple[str, str]]:
    """Return (picture, part) of all that goes when everything that may go has gone."""
    chunks = Chunks(there(budget), store, SimClock())
    found, window = [], Window(20, None)
    while (message := chunks.next(window)) is not None:
        assert message.chunk is not None
        chunks.sent(message.chunk, message.chunk_end)
        if message.chunk_end == message.chunk.size:
            found.append((message.chunk.picture, message.chunk.part))
    return found


def test_one_full_picture_a_day_and_thumbnails_each_hour(store: Store) -> None:
    """Thinned, the first after noon goes in full, every hour has its thumbnail, and all others stay on the card."""
    names = {hour: pictured(store, hour) for hour in (11, 12)}
    assert budget_of(HOURLY).step is ThinningStep.THUMBNAILS_HOURLY
    went = sent(store, budget_of(HOURLY))
    assert sorted(went) == sorted([(names[11], "thumbnail"), (names[12], "thumbnail"), (names[12], "full")])
    later = pictured(store, 13)
    assert sent(store, budget_of(HOURLY)) == [(later, "thumbnail")]  # over a restart of the station too
    assert store.pictures.count(PLATFORM).full == 0  # none is unsent, and none is gone
    assert (store.pictures.folder / file_name(later, "full")).exists()


def test_without_a_budget_every_picture_goes(store: Store) -> None:
    """Nobody's pictures are kept back who did not ask for it."""
    for hour in (9, 12, 13):
        pictured(store, hour)
    assert len(sent(store, budget_of(AMPLE))) == 6


def test_a_picture_that_somebody_asked_for_goes_whole(store: Store) -> None:
    """Asked for by a command it goes whatever has gone that day, over a restart too; a kept one goes when wanted."""
    pictured(store, 12)
    sent(store, budget_of(HOURLY))
    asked, kept = pictured(store, 13, command="c1"), pictured(store, 14)
    assert sorted(sent(store, budget_of(HOURLY))) == sorted(
        [(asked, "thumbnail"), (asked, "full"), (kept, "thumbnail")]
    )
    budget = budget_of(HOURLY)
    chunks = Chunks(there(budget), store, SimClock())
    chunks.received(Receipt(1, "l", 1, wanted=[Piece(kept, "full")]), believed=False)
    message = chunks.next(Window(20, None))
    assert message is not None
    assert message.chunk is not None
    assert (message.chunk.picture, message.asked) == (kept, True)


def order(store: Store, clock: SimClock, budget: Budget) -> SendQueue:
    """Return a queue for this budget."""
    chunks = Chunks(there(budget), store, clock)
    encoder = RecordEncoder(there(budget), store.notes, clock, LackingCounts())
    about = TooLarge(store.notes, lambda body: None), PacketLimit(clock), encoder
    return SendQueue(there(budget), "e", store, clock, chunks, *about)


def live_over(store: Store, clock: SimClock, queue: SendQueue, minutes: int, temperature: float) -> list[OutgoingBatch]:
    """Record minutes and return the live messages that went."""
    window, found = Window(20, None), []
    for _ in range(minutes):
        begin = clock.now()
        clock.run_until(begin + 60.0)
        body = {"values": {"air_temperature": temperature}, "quality": {"air_temperature": 1}, "reasons": {}}
        record = store.append(Draft(Kind.MINUTE, Stamp("b", begin), 60.0, MIDNIGHT + round(begin * 1e6), MARK, body))
        queue._budget.urgency.minute(record)
        queue.appended()
        clock.run_until(clock.now() + 11.0 - clock.now() % 1)
        while (message := queue.next(window)) is not None:
            assert message.channel is Topic.LIVE
            store.outbox.mark_sent(message.records, PLATFORM, at=clock.now())
            found.append(message)
        clock.run_until(begin + 60.0)
    return found


def test_minutes_go_in_tens_and_in_a_frost_each_at_once(store: Store) -> None:
    """Where the month is short a message has ten minutes, none left out; at 1 degC every minute goes as it is made."""
    clock = SimClock()
    budget = budget_of(TENS, clock)
    queue = order(store, clock, budget)
    went = live_over(store, clock, queue, 41, 8.0)
    assert 4 <= len(went) <= 6
    assert max(len(message.records) for message in went) >= 9
    frosty = live_over(store, clock, queue, 10, 1.0)
    assert len(frosty) == 10
    assert store.outbox.count_unsent(PLATFORM) == 0


def test_a_backlog_waits_when_the_month_is_used_up(store: Store) -> None:
    """It stays unsent, and goes when the next month begins."""
    clock = SimClock()
    for minute in range(100):
        body = {"values": {"air_temperature": 8.0}, "quality": {"air_temperature": 1}, "reasons": {}}
        at = Stamp("old", minute * 60.0)
        store.append(Draft(Kind.MINUTE, at, 60.0, MIDNIGHT - HOUR + minute * 60_000_000, MARK, body))
    clock.run_until(20_000.0)
    spent = {"now": "2026-01-01", "months": {"2026-01-01": {"urgent": 42_000_000}}}
    assert order(store, clock, budget_of(TENS, clock, spent)).next(Window(20, None)) is None
    before = {"now": "2025-12-01", "months": {"2025-12-01": {"urgent": 42_000_000}}}
    assert order(store, clock, budget_of(TENS, clock, before)).next(Window(20, None)) is not None


def test_what_went_is_counted_over_a_restart() -> None:
    """The bill goes on where it was."""
    first = budget_of(TENS)
    first.count(Use.LIVE, 300)
    first.look()
    again = budget_of(TENS, kept=first.keep())
    assert again.snapshot.used["live"] == first.snapshot.used["live"] == 300 + 22 + 5 + 22 + 3 * 52
