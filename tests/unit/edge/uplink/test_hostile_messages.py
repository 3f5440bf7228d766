"""Whatever arrives at a station: nothing falls, the memory stays bounded, the next honest message is handled."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.config.sections import BrokerSection
from edge.control.commands import KNOWN, Commands
from edge.control.envelopes import by_mqtt
from edge.records.spans import Span
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.chunks import Chunks
from edge.uplink.destination import Way
from edge.uplink.inbound import InboundHandler
from edge.uplink.intake import Intake
from edge.uplink.receipts import Receipts
from edge.uplink.record_encoder import RecordEncoder
from edge.wire.contract import (
    ROLLCALL,
    VERSION,
    Command,
    Hello,
    HelloAnswer,
    Piece,
    Receipt,
    Result,
    Revised,
    Topic,
    decode,
    encode,
    topic,
)
from edge.wire.mqtt_link import connect
from edge.wire.session import Incoming
from tests.kits.hostile import Mutations
from tests.kits.store_kit import memory_folder, minute
from tests.kits.uplink_kit import destination

STATION = "orchard-1"
PAGE = os.sysconf("SC_PAGE_SIZE")
MOST_GROWTH = 64 * 1024 * 1024  # bytes of memory: some copies of the largest payload tried


class Front:
    """The station's side of the wire without a connection."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder, epoch="e1", destinations=(PLATFORM,))
        for number in range(50):
            self.store.append(minute(number))
        clock = SimClock()
        there = destination(BrokerSection(url="mqtt://127.0.0.1:9"), STATION, Way(connect, seed=1))
        self.receipts = Receipts(there, "boot-1", "e1", self.store, clock)
        parts: Any = SimpleNamespace(pictures=None, uplink=None)
        self.desk = InboundHandler(
            there,
            self.store,
            clock,
            self.receipts,
            Chunks(there, self.store, clock),
            RecordEncoder(there, self.store.notes, clock, self.receipts.lacking),
            by_mqtt(Commands(parts, KNOWN), STATION, ("picture", "hello"), self.answer),
            self.store.times.add_anchor,
        )
        self.intake = Intake(self.desk, folder)

    def answer(self, result: Result) -> None:
        """Keep the result of a command."""
        self.desk.results.post(result)

    def take(self, to: str, payload: bytes, retained: bool = False) -> bool:
        """Let a message arrive."""
        return self.intake.handle(Incoming(to, payload, 1, 1, retained))

    def asked(self) -> Hello:
        """Send a hello. Return it."""
        payload = self.receipts.hello(0, None)
        assert payload is not None
        return decode(payload, Hello)


@pytest.fixture(name="front")
def made() -> Iterator[Front]:
    """Give a station with fifty minutes, in memory: thousands of files are synced."""
    logging.getLogger("minshan").setLevel(logging.CRITICAL)  # each message set aside is a line
    with memory_folder() as folder:
        front = Front(folder)
        yield front
        front.store.close()
    logging.getLogger("minshan").setLevel(logging.NOTSET)


def resident() -> int:
    """Return the bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


@pytest.mark.parametrize("count", [1000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_no_message_fells_the_station_or_fills_its_memory(front: Front, count: int) -> None:
    """Thousands of changed answers, receipts and commands; after each the roll is called and heard."""
    draw, mutations = random.Random(7), Mutations(7)
    before = resident()
    for number in range(count):
        nonce = front.asked().nonce
        honest = {
            Topic.ANSWER: HelloAnswer(
                VERSION, nonce, 1_800_000_000_000_000, "l", 1, [Span("e1", 1, 9)], [Revised(1, [Span("e1", 1, 2)])]
            ),
            Topic.RECEIPT: Receipt(
                VERSION,
                "l",
                1,
                [Span("e1", 1, 5)],
                [Piece("a" * 64, "full", 5)],
                [Piece("b" * 64, "full")],
                [Revised(1, [Span("e1", 1, 2)])],
            ),
            Topic.COMMAND: Command(VERSION, f"c{number}", "picture", {"camera": "north"}, 2**53),
        }
        channel = draw.choice(list(honest))
        front.take(topic(STATION, channel), mutations.of(honest[channel]), retained=draw.random() < 0.1)
        front.receipts.hello_due = float("inf")
        front.take(ROLLCALL, b"{}")
        assert front.receipts.hello_due < float("inf")
    assert resident() - before < MOST_GROWTH
    assert front.intake.snapshot.count > count / 2
    aside = front.store.folder / "set-aside"
    assert sum(path.stat().st_size for path in aside.iterdir()) < 10 * 1024 * 1024
    ledger = front.receipts.pin.ledger or "l"
    front.take(topic(STATION, Topic.ANSWER), encode(HelloAnswer(VERSION, front.asked().nonce, 1, ledger, 1, [])))
    front.store.outbox.reopen([Span("e1", 1, 50)], PLATFORM)
    front.take(topic(STATION, Topic.RECEIPT), encode(Receipt(VERSION, ledger, 1, [Span("e1", 1, 50)])))
    assert front.store.outbox.count_unsent(PLATFORM) == 0


def test_a_message_that_fells_its_handler_is_kept_and_counted(front: Front) -> None:
    """An error that nobody thought of costs the message alone; the command that met it is answered as failed."""

    def broken(command: Command) -> None:
        raise ZeroDivisionError(command.id)

    front.desk._on_command = broken
    front.store.append(minute(60))
    command = Command(VERSION, "c1", "picture", {}, 2**53)
    assert not front.take(topic(STATION, Topic.COMMAND), encode(command))
    aside = front.intake.snapshot
    assert (aside.count, str(aside.last)) == (
        1,
        f"minshan/1/{STATION}/command: unexpected error: ZeroDivisionError: c1",
    )
    (kept,) = Path(aside.folder).iterdir()
    assert kept.read_bytes().endswith(encode(command))
    assert [(r.id, r.state) for r in front.desk.results.waiting()] == [("c1", "failed")]


def test_nothing_is_done_while_the_time_is_unknown(tmp_path: Path) -> None:
    """A station that does not know the time carries out no command, and says why."""
    front = Front(tmp_path)
    front.store.append(minute(70, boot="boot-2", timed=False))
    front.take(topic(STATION, Topic.COMMAND), encode(Command(VERSION, "c1", "picture", {}, 2**53)))
    (result,) = front.desk.results.waiting()
    assert result.state == "failed"
    assert "does not know the time" in result.text
    front.store.close()
