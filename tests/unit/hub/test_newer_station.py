"""A station two versions ahead: all that it sends is in the receiver's files, byte for byte, and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from edge.records.record import Record
from edge.records.spans import Span
from edge.wire.contract import Topic, encode_chunk, topic
from hub.receiver import Receiver
from provisioning.commands.watch import summary
from provisioning.commands.watch_screen import Plain, table
from tests.kits.receiver_kit import UTC0, Desk
from tests.unit.hub.test_receiver import CHUNK, JPEG

STATION = "s"
HEAD = (
    b'"epoch":"e","seq":%d,"stamp":{"boot":"b","boottime":60.0},"duration":60.0,"start":1767225600000000,'
    b'"clock":{"source":"ntp","error":0.05},"revision":0,"setup":null'
)
BODIES = [  # (kind, body)
    (b"minute", b'{"values":{"air_temperature":1.50},"quality":{"air_temperature":1},"reasons":{}}'),
    (b"minute", b'{"values":{"leaf_wetness": 1.0e1},"quality":{"leaf_wetness":12},"reasons":{},"heights":{"a":2}}'),
    (b"minute", b'{"columns":["a","b"],"rows":[[1,2],[3,4]],"quality":{"a":"good"}}'),
    (b"health", '{"event":"醒","load":[0.1,{"deep":[1e400,123456789012345678901234567890]}]}'.encode()),
    (b"avalanche", b'{"depth_m": 1.20, "depth_m": 1.3, "\\u00e9":null}'),
    (b"alert", b'{"life":"raised"}'),
]
RECORDS = [
    *(b"{" + HEAD % seq + b',"kind":"%s","body":%s}' % parts for seq, parts in enumerate(BODIES, 1)),
    b'{"sealed":"0xff",' + HEAD % 7 + b',"kind":"health","body":{}}',
    b'{"kind":"minute","epoch":"e","seq":8,"stamp":{"boot":"b","boottime":1.0,"turn":3},"duration":60.0,"start":1,'
    b'"clock":{"source":"ntp","error":0.05,"rate":1e-6},"revision":0,"setup":null,"body":{"values":{}}}',
    b'{"kind":["glacier",2],"epoch":"e","seq":9,"stamp":"b@60.0","time":{"ns":1},"revision":3,"body":[1,2]}',
]


def sent(*records: bytes, more: bytes = b"") -> tuple[str, bytes]:
    """Return a batch of these records, as they are."""
    payload = b'{"v":3,"station":"s"%s,"records":[%s]}' % (more, b",".join(records))
    return topic(STATION, Topic.BACKFILL), payload


def kept(desk: Desk) -> bytes:
    """Return all that is in the files."""
    return (desk.folder / "m.jsonl").read_bytes() + (desk.folder / "e.jsonl").read_bytes()


@pytest.mark.parametrize("number", range(len(RECORDS)))
def test_each_record_is_kept_byte_for_byte(tmp_path: Path, number: int) -> None:
    """What it says in words of ours and in others stands in a line, once, receipted, and known after a restart."""
    desk = Desk(tmp_path)
    raw = RECORDS[number]
    desk.take(sent(raw))
    body = BODIES[number][1] if number < len(BODIES) else raw
    parts = [body] if body in kept(desk) else json_values(body)
    assert all(part in kept(desk) for part in parts)
    assert desk.receipted() == [Span("e", number + 1, number + 1)]
    desk = desk.again()
    assert desk.answer().has == [Span("e", number + 1, number + 1)]
    before = kept(desk)
    desk.take(sent(raw))
    assert (desk.receiver.tally.doubles, kept(desk)) == (1, before)


def json_values(body: bytes) -> list[bytes]:
    """Return the values of a body that is all of ours, which stand in its minute's line."""
    said = json.loads(body)
    assert said.keys() == {"values", "quality", "reasons"}
    return [body[1:-1]]


def test_messages_say_more_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    """Keys of a batch, a status, a hello and a picture's header that are new here are kept, once while they last."""
    desk = Desk(tmp_path)
    span = b'"epochs":[["e",1,9]],"next_seq":10,"unproven":[],"unsent":0,"clock":"ntp","proof":"committed"'
    header, data = encode_chunk(CHUNK, JPEG).split(b"\n", 1)
    messages = [
        sent(RECORDS[0], more=b',"plan":{"mb": 5.0}'),
        (topic(STATION, Topic.STATUS), b'{"v":3,"station":"s","state":"asleep","epoch":"e","until": 1.50}'),
        (topic(STATION, Topic.HELLO), b'{"v":3,"station":"s","nonce":"n","epoch":"e","lanes":[ 1,2],' + span + b"}"),
        (topic("victim", Topic.PICTURE), header[:-1] + b',"lens":"f/2"}\n' + data),
    ]
    desk.take(*messages)
    desk.take(*messages)
    notes = [json.loads(line) for line in kept(desk).splitlines() if b'"message"' in line]
    assert [(note["topic"], note["unknown"]) for note in notes] == [
        ("backfill", {"plan": {"mb": 5.0}}),
        ("status", {"until": 1.5}),
        ("hello", {"lanes": [1, 2]}),
        ("picture", {"lens": "f/2"}),
    ]
    assert all(part in kept(desk) for part in (b'{"mb": 5.0}', b"1.50", b"[ 1,2]"))
    assert desk.receiver.tally.aside == 0
    assert [path.read_bytes() for path in (desk.folder / "pictures").iterdir()] == [JPEG]


def test_it_is_shown_as_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads "unknown kind avalanche", in the table, in the lines and at the end; nothing is an error."""
    shown: list[tuple[str, Record]] = []
    desk = Desk(tmp_path)
    desk.receiver = Receiver(
        desk.receiver._broker,  # the same receiver with somebody who looks
        desk.files,
        True,
        lambda station, record: shown.append((station, record)),
    )
    desk.take(sent(*RECORDS))
    console = Console(width=200, force_terminal=False)
    with console.capture() as seen:
        console.print(table(desk.receiver, UTC0))
    said = "2 records of newer stations are kept as they came: unknown kind avalanche (1), ? (1)"
    assert said in " ".join(seen.get().split())
    assert said in summary(desk.receiver)
    for one in shown:
        Plain().seen(*one)
    assert "s 2026-01-01T00:00:00Z unknown kind avalanche" in capsys.readouterr().out
    assert desk.receiver.tally.aside == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.text(min_size=1, max_size=64), st.sampled_from([None, 1]))
def test_any_body_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, body: dict[str, object], kind: str, indent: int | None
) -> None:
    """Whatever kind and body, written in one line or in many: one line holds the same, and a restart knows it."""
    desk = Desk(tmp_path_factory.mktemp("newer"))
    said = json.dumps(body, indent=indent).encode()
    desk.take(sent(b"{" + HEAD % 1 + b',"kind":%s,"body":%s}' % (json.dumps(kind).encode(), said)))
    (line,) = kept(desk).splitlines()
    found = json.loads(line)
    assert (found["kind"], found["body"]) == (kind, body) if "kind" in found else kind == "minute"
    assert indent or said in line
    assert desk.again().answer().has == [Span("e", 1, 1)]
