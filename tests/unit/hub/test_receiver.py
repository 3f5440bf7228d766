"""The receiver and whatever arrives: nothing ends it, nothing comes back for ever, nothing honest is lost."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

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
from edge.wire.link import Link
from edge.wire.session import Incoming
from edge.wire.set_aside import MOST_FILES
from hub.receiver import Files
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
    found: dict[str, Any] = json.loads(encode(record))
    return found | fields


BAD = [
    {"start": 10**30},
    {"start": -62_135_596_800_000_001},
    {"clock": {"source": "ntp", "not_after": 10**30}},
    {"duration": 1e300},
    {"revision": 2**40},
    {"kind": 7},
    {"kind": ""},
    {"body": 7},
    {"stamp": None},
]


@pytest.mark.parametrize("fields", BAD, ids=lambda fields: str(fields)[:40])
def test_a_record_that_is_not_understood_is_kept_as_it_came(desk: Desk, fields: dict[str, Any]) -> None:
    """It costs no other of its batch, it is receipted because it is in a file that nothing is taken from, and a
    receiver that is started again knows it. A revision of another kind of number than ours names no version."""
    strange = changed(minute(2), **fields)
    desk.take(batch(minute(1), strange, minute(3)))
    assert [line["seq"] for line in lines(desk)] == [1, 3]
    if "revision" in fields:
        assert desk.receipted() == [Span("e", 1, 1), Span("e", 3, 3)]
        assert json.loads(aside(desk)[0])["records"] == [strange]
        assert "1 message could not be handled" in summary(desk.receiver)[-2]
        return
    assert desk.receipted() == [Span("e", 1, 3)]
    (line,) = lines(desk, "e.jsonl")
    assert line["record"] == strange
    assert (line["station"], line["epoch"], line["seq"], line["not_understood"]) == (
        "s",
        "e",
        2,
        line["not_understood"],
    )
    assert line["not_understood"]
    desk = desk.again()
    assert desk.answer().has == [Span("e", 1, 3)]
    desk.take(batch(strange))
    assert (desk.receiver.tally.doubles, len(lines(desk, "e.jsonl"))) == (1, 1)


@pytest.mark.parametrize("damage", [b'"\xff"', b'"\\ud8"', b"[" * 5000 + b"]" * 5000])
def test_what_can_be_no_line_is_not_receipted(desk: Desk, damage: bytes) -> None:
    """A record that was damaged on its way is set aside, which is no promise: it is sent again and kept then. The
    others of its batch are kept where the batch can be read at all."""
    to, sound = batch(minute(1), changed(minute(2), body={"what": "HERE"}), minute(3))
    desk.take((to, sound.replace(b'"HERE"', damage)))
    assert desk.receipted() in ([], [Span("e", 1, 1), Span("e", 3, 3)])
    assert damage in aside(desk)[0]
    assert lines(desk, "e.jsonl") == []
    desk.take((to, sound))
    assert desk.answer().has == [Span("e", 1, 3)]


def test_nothing_is_receipted_that_a_flood_could_wash_away(desk: Desk) -> None:
    """Whatever was receipted is in the files still when the folder of what was set aside has been filled anew."""
    desk.take(batch(minute(1), changed(minute(2), stamp=None), {"no": "name"}))
    for number in range(MOST_FILES + 1):
        desk.take((topic("s", Topic.LIVE), b"rubbish %d" % number))
    assert not any(b"no" in kept and b"name" in kept for kept in aside(desk))
    kept = {line["seq"] for name in ("m.jsonl", "e.jsonl") for line in lines(desk, name)}
    assert kept == {1, 2} == {seq for span in desk.receipted() for seq in range(span.first, span.last + 1)}


def test_where_no_event_is_kept_none_is_promised(tmp_path: Path) -> None:
    """A receiver with a file of minutes alone sets such a record aside."""
    desk = Desk(tmp_path, files=Files(tmp_path / "m.jsonl"))
    desk.take(batch(minute(1), changed(minute(2), stamp=None)))
    desk.records(minute(1, air_temperature=-99.0))
    assert [line["seq"] for line in lines(desk)] == [1]
    assert desk.receipted() == []
    assert len(aside(desk)) == 2


def test_a_corrected_record_that_is_not_understood_is_closed_in_its_revision(desk: Desk) -> None:
    """Its receipt names the revision, or its station would send it for ever."""
    desk.take(batch(minute(1)))
    desk.take(batch(changed(minute(1, revision=2), duration=-1)))
    receipt = desk.last("s", Topic.RECEIPT, Receipt)
    assert receipt.has == [Span("e", 1, 1)]
    assert [(held.revision, held.has) for held in receipt.revised] == [(2, [Span("e", 1, 1)])]
    desk.take(batch({"epoch": "e", "seq": 3}))  # which names no revision, so that it is the first one
    assert desk.last("s", Topic.RECEIPT, Receipt).revised == []


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


def test_a_second_content_under_one_name_is_kept_aside_and_reported(desk: Desk) -> None:
    """It neither takes the first one's place nor goes unseen: it is kept as it came, counted and shown."""
    desk.records(minute(1, air_temperature=-99.0))
    desk.records(minute(1))
    desk.records(minute(1))
    assert [line["values"] for line in lines(desk)] == [{"air_temperature": -99.0}]
    (line,) = lines(desk, "e.jsonl")
    assert (line["kind"], line["of"], "seq" in line) == ("conflict", "e/1, revision 0", False)
    assert encode(minute(1)) in (desk.folder / "e.jsonl").read_bytes()
    assert "2 records came under the IDs of others; both are kept" in summary(desk.receiver)
    desk.records(minute(1, air_temperature=-99.0))
    assert desk.receiver.tally.doubles == 1
    desk = desk.again()  # the second did not take the first one's name
    desk.records(minute(1, air_temperature=-99.0))
    assert (desk.receiver.tally.doubles, desk.receiver.tally.others) == (1, 0)


@pytest.mark.parametrize(
    "other", [b'{"values":{"a":1.50}}', b'{"values":{"a":1.5},"new":1}', b'{"values":{"a":1e400}}']
)
def test_bodies_are_told_apart_by_what_they_say(desk: Desk, other: bytes) -> None:
    """Spaces, the order of keys and the digits of one number make no other record; a key more does."""
    said = b'{"values": {"a": 1.5}, "quality": {"a": 1}}'
    one = msgspec.structs.replace(minute(1), body=msgspec.Raw(said))
    same = msgspec.structs.replace(one, body=msgspec.Raw(b'{"quality":{"a":1},"values":{"a":1.50}}'))
    desk.records(one, same, msgspec.structs.replace(one, body=msgspec.Raw(other)))
    assert (desk.receiver.tally.doubles, desk.receiver.tally.others) == (1, 1)


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
    assert (answer.has, answer.ledger) == (None, None)  # so many holes fit no message: it reports nothing of them
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
    assert answer == HelloAnswer(1, "nonce", answer.utc, reads=2)


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


def test_what_a_broker_retains_makes_no_dead_station_heard(desk: Desk) -> None:
    """A status may be retained; a record, handed over at each connection, is neither news nor receipted."""
    status = topic("s", Topic.STATUS), encode(Status(1, "s", "online", "e"))
    hello = topic("s", Topic.HELLO), encode(Hello(1, "s", "n", "e", [Span("e", 1, 9)], 10, [], 0, "ntp", "committed"))
    told = [Incoming(to, data, 1, 1, True) for to, data in (batch(json.loads(encode(minute(1)))), hello, status)]
    desk.receiver.batch(cast(Link, desk), told)
    assert desk.acked == told
    assert desk.receiver.tally.states == {"s": "online"}
    assert desk.receiver.records.ledger.count("s") == 0
    assert desk.said == []
    assert len(aside(desk)) == 2
    desk.records(minute(1))
    assert desk.receipted() == [Span("e", 1, 1)]


def test_a_doctors_hello_does_not_make_a_station_forgotten(desk: Desk) -> None:
    """A hello that names nothing changes nothing of what the station said it has."""
    desk.take((topic("victim", Topic.HELLO), encode(HELLO)))
    desk.take((topic("victim", Topic.HELLO), encode(msgspec.structs.replace(HELLO, epochs=[]))))
    assert desk.receiver.records.ledger.missing("victim") == [Span("e", 1, 9)]
