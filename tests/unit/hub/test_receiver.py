"""The receiver and whatever arrives: nothing ends it, nothing comes back for ever, nothing honest is lost."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from edge.records.record import Record
from edge.records.spans import Span
from edge.wire.contract import (
    Batch,
    ChunkHeader,
    Hello,
    HelloAnswer,
    Piece,
    Receipt,
    Status,
    Topic,
    decode,
    encode,
    encode_chunk,
    topic,
)
from provisioning.commands.watch import summary
from provisioning.commands.watch_screen import table
from tests.kits.receiver_kit import UTC0, Desk, minute


@pytest.fixture(name="desk")
def a_desk(tmp_path: Path) -> Desk:
    """Return a receiver."""
    return Desk(tmp_path)


def lines(desk: Desk, name: str = "m.jsonl") -> list[dict[str, Any]]:
    """Return what is in a file."""
    return [json.loads(line) for line in (desk.folder / name).read_text().splitlines()]


def aside(desk: Desk) -> list[bytes]:
    """Return the messages set aside, without their first lines."""
    return [file.read_bytes().partition(b"\n")[2] for file in sorted((desk.folder / "m.jsonl.set-aside").glob("*"))]


def batch(*records: Any, station: str = "s") -> tuple[str, bytes]:
    """Return a message with these records, whatever they are."""
    return topic(station, Topic.BACKFILL), msgspec.json.encode({"v": 1, "station": station, "records": records})


def changed(record: Record, **fields: Any) -> dict[str, Any]:
    """Return a record with other fields, as it is on the wire."""
    found: dict[str, Any] = msgspec.to_builtins(record)
    return found | fields


BAD = [
    {"start": 10**30},
    {"start": -62_135_596_800_000_001},
    {"clock": {"source": "ntp", "not_after": 10**30}},
    {"duration": 1e300},
    {"revision": 2**40},
    {"kind": "avalanche"},
    {"body": 7},
    {"stamp": None},
]


@pytest.mark.parametrize("fields", BAD, ids=lambda fields: str(fields)[:40])
def test_a_record_that_is_not_understood_costs_no_other(desk: Desk, fields: dict[str, Any]) -> None:
    """The others of its batch are kept; it is set aside, receipted because it is on the disk, and asked for anew
    by a receiver that is started again and may understand it."""
    desk.take(batch(minute(1), changed(minute(2), **fields), minute(3)))
    assert [line["seq"] for line in lines(desk)] == [1, 3]
    named = "revision" not in fields
    assert desk.receipted() == ([Span("e", 1, 3)] if named else [Span("e", 1, 1), Span("e", 3, 3)])
    (kept,) = aside(desk)
    assert json.loads(kept)["records"] == [changed(minute(2), **fields)]
    assert desk.answer().has == desk.receipted()
    assert "1 message could not be handled" in summary(desk.receiver)[-2]
    desk = desk.again()
    assert desk.answer().has == [Span("e", 1, 1), Span("e", 3, 3)]
    desk.records(minute(2))  # that receiver understands it
    assert [line["seq"] for line in lines(desk)] == [1, 3, 2]


def test_a_record_that_cannot_be_set_aside_is_not_receipted(desk: Desk) -> None:
    """Where the folder cannot be written there is no receipt for it, and the others are kept all the same."""
    (desk.folder / "m.jsonl.set-aside").write_text("in its place")
    desk.take(batch(minute(1), changed(minute(2), kind="avalanche")))
    assert desk.receipted() == [Span("e", 1, 1)]
    assert desk.answer().has == [Span("e", 1, 1)]


def test_a_corrected_record_that_is_not_understood_is_closed_in_its_revision(desk: Desk) -> None:
    """Its receipt names the revision, or its station would send it for ever."""
    desk.take(batch(minute(1)))
    desk.take(batch(changed(minute(1, revision=2), duration=-1)))
    receipt = desk.last("s", Topic.RECEIPT, Receipt)
    assert receipt.has == [Span("e", 1, 1)]
    assert [(held.revision, held.has) for held in receipt.revised] == [(2, [Span("e", 1, 1)])]


HELLO = Hello(1, "victim", "n", "e", [Span("e", 1, 9)], 10, [], 0, "ntp", "committed")
JPEG = b"\xff\xd8 a picture"
NAME = hashlib.sha256(JPEG).hexdigest()
CHUNK = ChunkHeader(1, "victim", NAME, "full", 0, len(JPEG), NAME, "north", "e", 1, UTC0)


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        (Topic.LIVE, encode(Batch(1, "victim", [minute(1, air_temperature=-99.0)]))),
        (Topic.BACKFILL, encode(Batch(1, "victim", [minute(1, air_temperature=-99.0)]), compress=True)),
        (Topic.STATUS, encode(Status(1, "victim", "online", "e"))),
        (Topic.HELLO, encode(HELLO)),
        (Topic.PICTURE, encode_chunk(CHUNK, JPEG)),
    ],
)
def test_nobody_speaks_for_another_station(desk: Desk, channel: Topic, payload: bytes) -> None:
    """What names another station than its topic does is set aside and nothing of it is kept, said or shown."""
    desk.take((topic("thief", channel), payload))
    assert desk.said == []
    assert lines(desk) == lines(desk, "e.jsonl") == []
    assert list((desk.folder / "pictures").iterdir()) == []
    assert desk.receiver.records.ledger.stations() == []
    assert desk.receiver.tally.states == {}
    assert aside(desk) == [payload]
    desk.take((topic("victim", channel), payload))
    assert len(aside(desk)) == 1
    assert desk.said or channel is Topic.STATUS


def test_a_second_content_under_one_name_is_set_aside(desk: Desk) -> None:
    """It neither takes the first one's place nor goes unseen: it is kept, counted and shown with its name."""
    desk.records(minute(1, air_temperature=-99.0))
    desk.records(minute(1))
    assert [line["values"] for line in lines(desk)] == [{"air_temperature": -99.0}]
    assert json.loads(aside(desk)[0])["records"] == [msgspec.to_builtins(minute(1))]
    said = "\n".join(summary(desk.receiver))
    assert "1 record came under a name that another one has; the first stays" in said
    assert "s/e/1, revision 0, is here with another content" in said
    desk.records(minute(1, air_temperature=-99.0))
    assert desk.receiver.tally.doubles == 1


def test_a_forged_picture_does_not_stand_before_the_true_one(desk: Desk) -> None:
    """Seven bytes under a picture's hash are refused; the true picture that comes then is kept and receipted."""
    junk = b"nothing"
    forged = msgspec.structs.replace(CHUNK, size=len(junk), sha256=hashlib.sha256(junk).hexdigest())
    desk.take((topic("victim", Topic.PICTURE), encode_chunk(forged, junk)))
    desk.take((topic("victim", Topic.PICTURE), encode_chunk(CHUNK, JPEG)))
    assert [path.read_bytes() for path in (desk.folder / "pictures").iterdir()] == [JPEG]
    assert desk.last("victim", Topic.RECEIPT, Receipt).pictures == [Piece(NAME, "full", len(JPEG))]


def test_many_holes_are_receipted_in_small_messages(desk: Desk) -> None:
    """Every other record of eighteen thousand: each receipt is one that a station takes in, all are named."""
    for first in range(1, 18_001, 720):
        desk.records(*(minute(seq) for seq in range(first, first + 720, 2)))
    assert {span.first for span in desk.receipted()} == set(range(1, 18_001, 2))
    answer = desk.answer()
    assert (answer.has, answer.ledger) == (None, None)  # so many holes fit no message: it says nothing of them
    assert answer.utc


def test_one_batch_of_many_messages_makes_receipts_that_fit(desk: Desk) -> None:
    """What comes at once is receipted in pages of at most a thousand spans."""
    desk.take(
        *(
            (topic("s", Topic.BACKFILL), encode(Batch(1, "s", [minute(seq) for seq in range(first, first + 720, 2)])))
            for first in range(1, 7200, 720)
        )
    )
    told = [decode(payload, Receipt) for to, payload in desk.said if to == topic("s", Topic.RECEIPT)]
    assert [len(receipt.has) for receipt in told] == [1000, 1000, 1000, 600]
    assert len(desk.answer().has or []) == 3600


def test_an_answer_fits_the_brokers_packets(desk: Desk) -> None:
    """Where the broker takes small packets alone, the answer says the time and nothing of what is here."""
    desk.granted.packet_bytes = 1000
    for first in range(1, 2000, 500):
        desk.records(*(minute(seq) for seq in range(first, first + 500, 2)))
    assert desk.answer().has is None
    desk.granted.packet_bytes = None
    assert len(desk.answer().has or []) == 1000


def test_without_receipts_nothing_is_proven(tmp_path: Path) -> None:
    """--no-receipts: an answer tells the time, and no ledger."""
    desk = Desk(tmp_path, receipts=False)
    desk.records(minute(1))
    assert desk.receipted() == []
    answer = desk.answer()
    assert answer == HelloAnswer(1, "nonce", answer.utc)


@pytest.mark.parametrize("name", ["[/red]", "[bold", "\x1b[2J", "\x00", "x" * 60])
def test_the_screen_shows_what_came_as_text(desk: Desk, name: str) -> None:
    """Channel names, states and sources from the network are shown as they are: no markup, no control characters."""
    values: dict[str, Any] = {name: 1.5, "b": "text", "c": None, "d": 10**400}
    desk.records(minute(1, **values))
    status = encode(Status(1, "s", name, "e"))
    desk.take((topic("s", Topic.STATUS), status))
    desk.take((topic("s", Topic.STATUS), status + b"rubbish"))
    console = Console(width=200, force_terminal=False)
    with console.capture() as shown:
        console.print(table(desk.receiver, UTC0))
    assert "\x1b" not in shown.get()
    assert "\x00" not in shown.get()
    assert "could not be handled" in shown.get()


def test_a_doctors_hello_does_not_make_a_station_forgotten(desk: Desk) -> None:
    """A hello that names nothing changes nothing of what the station said it has."""
    desk.take((topic("victim", Topic.HELLO), encode(HELLO)))
    desk.take((topic("victim", Topic.HELLO), encode(msgspec.structs.replace(HELLO, epochs=[]))))
    assert desk.receiver.records.ledger.missing("victim") == [Span("e", 1, 9)]
