"""Thousands of messages that are almost right, against a receiver with real files."""

from __future__ import annotations

import copy
import json
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.northbound import version2
from edge.northbound.column_writer import KnownTables
from edge.records.record import LAST_UTC, ClockMark
from edge.records.spans import Span
from edge.wire.contract import ROOT, VERSION, ZSTD_MAGIC, Batch, ChunkHeader, Hello, Status, Topic, encode, topic
from provisioning.commands.watch import summary
from provisioning.commands.watch_screen import table
from tests.kits.receiver_kit import UTC0, Desk, minute
from tests.unit.hub.test_columns_received import silent, spelt

PICTURE = "a" * 64
COLUMNS = version2.batch(KnownTables("s"), [spelt(minute(seq)) for seq in range(20, 26)] + [silent(26), minute(27)])[0]
NEXT = version2.batch(KnownTables("s"), [spelt(minute(28, start=None))])[0]
BOUNDS = ClockMark("bounds", None, UTC0, UTC0 + 1)
SOUND: dict[Topic, list[Any]] = {
    Topic.LIVE: [
        Batch(1, "s", [minute(1), minute(2, start=None), msgspec.structs.replace(minute(3), clock=BOUNDS)]),
        COLUMNS,
        NEXT,
    ],
    Topic.BACKFILL: [
        Batch(1, "s", [minute(seq, 1) for seq in range(4, 8)]),
        COLUMNS,
        msgspec.structs.replace(COLUMNS, tables=[]),
    ],
    Topic.STATUS: [Status(1, "s", "online", "e")],
    Topic.HELLO: [Hello(1, "s", "n", "e", [Span("e", 1, 9), Span("f", 2, 3)], 10, [], 0, "ntp", "committed")],
    Topic.PICTURE: [
        ChunkHeader(1, "s", PICTURE, part, 0, 9, PICTURE, "north", "e", 1, UTC0) for part in ("full", "thumbnail")
    ],
}
DEEP: Any = json.loads("[" * 500 + "]" * 500)
HOSTILE: list[Any] = [
    *(0, 1, -1, 2**53 - 1, 2**53, 2**63 - 1, -(2**63), 2**64, 10**30, -(10**30), 10**400, 1e300, -1e300, 0.5, 1e-320),
    *(-62_135_596_800_000_000, -62_167_219_200_000_001, LAST_UTC, LAST_UTC + 1, 253_402_300_800_000_000),
    *("", "s", "e", "\0", "a\0b", "+", "#", "..", "../../x", "/", "x" * 70_000, "\U0010ffff", "🌨", "[/red]", "\x1b[2J"),
    *(None, True, False, [], {}, [[]], {"": {}}, DEEP, [0] * 3000, [["e", 1, 2**53 - 1]] * 5, [["e", 9, 1]]),
    *("minute", "picture", "offline", "full", "a" * 64, {"values": {"air_temperature": [1]}}, {"values": [1]}),
    *({"values": {"air_temperature": "warm"}}, {str(number): number for number in range(300)}),
]
TOPICS = [
    *(f"{ROOT}/{station}/live" for station in ("t", "", "S", "s\0", "x" * 60_000, "\ud800", "all", "+")),
    *(ROOT, f"{ROOT}/s", f"{ROOT}/s/live/x", f"{ROOT}/s/none", "", "/", f"{ROOT}//live", "minshan/2/s/live", "$SYS/s"),
]
RAW = [
    *(b"", b"{", b"[]", b"null", b"\0" * 9, b"\xff\xfe", ZSTD_MAGIC, ZSTD_MAGIC + b"\0" * 50, b"[" * 200_000),
    *(
        b'{"v":1,"station":"s","records":' + b"[" * 9000 + b"]" * 9000 + b"}",
        b'{"v":1,"station":"s","state":"\\ud800"}',
    ),
    *(b'{"v":1,"station":"s","records":[' + b"0," * 400_000 + b"0]}", encode(["x" * 5_000_000], compress=True)),
    b'{"v":1,"station":"s","records":[{"epoch":"e","seq":1,"revision":1e5}]}',
    *(b'{"v":1,"station":"s","records":"' + b"x" * 10_000_000 + b'"}', b"x" * 10_000_000),
]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to each part of a message."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, part in inner for place in places(part, (*at, key)))]


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw a sound message with one to three things changed, taken away or added; sometimes not even that."""
    if draw(st.integers(0, 29)) == 0:
        return topic("s", draw(st.sampled_from(sorted(SOUND))), draw(st.sampled_from((1, 2)))), draw(
            st.sampled_from(RAW)
        )
    channel = draw(st.sampled_from(sorted(SOUND)))
    sound = draw(st.sampled_from(SOUND[channel]))
    version = version2.VERSION if isinstance(sound, version2.ColumnBatch) else VERSION
    message: Any = {"": json.loads(encode(sound))}
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(message)[1:]))
        part = message
        for key in way:
            part = part[key]
        deed = draw(st.sampled_from(["set", "set", "set", "remove", "add", "double"]))
        if deed == "set":
            part[last] = copy.deepcopy(draw(st.sampled_from(HOSTILE)))
        elif deed == "remove" and way:
            del part[last]
        elif deed == "add" and isinstance(part[last], dict):
            part[last][draw(st.text(max_size=5))] = copy.deepcopy(draw(st.sampled_from(HOSTILE)))
        elif deed == "double" and isinstance(part, list):
            part.append(copy.deepcopy(part[last]))
    payload = json.dumps(message[""], ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if channel is Topic.PICTURE:
        payload += b"\n" + draw(st.binary(max_size=9))
    if draw(st.integers(0, 9)) == 0:
        payload = payload[: draw(st.integers(0, len(payload)))]
    to = draw(st.sampled_from(TOPICS)) if draw(st.integers(0, 9)) == 0 else topic("s", channel, version)
    return to, payload


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def survive(folder: Path, examples: int) -> None:
    """Hand them to one receiver, each five followed by an honest minute of another station that must be kept."""
    desk = Desk(folder)
    seen = [0]
    before = resident()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(messages(), min_size=5, max_size=5))
    def each(almost: list[tuple[str, bytes]]) -> None:
        seen[0] += 1
        desk.said.clear()
        desk.take(*almost, (topic("honest", Topic.LIVE), encode(Batch(1, "honest", [minute(seen[0])]))))
        assert desk.receipted("honest") == [Span("e", seen[0], seen[0])]
        table(desk.receiver, UTC0)

    each()
    assert summary(desk.receiver)
    assert desk.receiver.tally.aside > examples / 2
    assert desk.receiver.tally.others
    assert resident() - before < 150_000_000
    lines = [(folder / name).read_bytes().splitlines() for name in ("m.jsonl", "e.jsonl")]  # a text may hold U+2028
    rows = [json.loads(line) for line in chain.from_iterable(lines)]
    kept = {(row["station"], row["epoch"], row["seq"]) for row in rows if "seq" in row}
    assert {("honest", "e", seq) for seq in range(1, seen[0] + 1)} <= kept
    ledger = desk.receiver.records.ledger
    assert {station: ledger.count(station) for station in ledger.stations() if ledger.count(station)} == Counter(
        station for station, *_ in kept
    )
    assert desk.again().receiver.records.ledger.spans("honest") == [Span("e", 1, seen[0])]
    assert (
        sum(file.stat().st_size for name in ("set-aside", "waiting") for file in (folder / f"m.jsonl.{name}").iterdir())
        < 40_000_000
    )


def test_no_message_ends_the_receiver(tmp_path: Path) -> None:
    """Whatever comes, it is acknowledged, the next honest minute is kept and receipted, and all is bounded."""
    survive(tmp_path, 250)


@pytest.mark.slow
def test_no_message_of_twenty_thousand_ends_the_receiver(tmp_path: Path) -> None:
    """The same with twenty thousand."""
    survive(tmp_path, 4000)
