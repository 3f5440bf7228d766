"""What was really sent, by both sides, against the published schemas."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from edge.northbound import version2
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.wire import contract
from edge.wire.contract import VERSION, Command, Piece, Receipt, Result, Topic, encode, topic
from edge.wire.session import Incoming
from tests.kits.batches import documents_decoder
from tests.kits.broker import Broker
from tests.kits.uplink_kit import BOOT, Box, Listener, records_of
from tests.kits.watching import Watch

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "wire-contract" / "schemas"
SCHEMA_OF = {
    "live": "batch",
    "backfill": "batch",
    "picture": "chunk-header",
    "status": "status",
    "hello": "hello",
    "answer": "answer",
    "receipt": "receipt",
    "command": "command",
    "result": "result",
    "rollcall": "rollcall",
}


@pytest.fixture(name="broker")
def running_broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a Mosquitto that forgets everything when it ends."""
    broker = Broker(tmp_path).start()
    yield broker
    broker.stop()


def validator(name: str) -> Draft7Validator:
    """Return the schema's validator, with the other schemas that it refers to."""
    documents = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    resources = [(file, Resource.from_contents(doc, DRAFT7)) for file, doc in documents.items()]
    return Draft7Validator(documents[f"{name}.json"], registry=Registry().with_resources(resources))


def plain(message: Incoming) -> Any:
    """Return the JSON of a payload, compressed or not."""
    payload = message.payload
    if message.topic.endswith("/picture"):
        payload = payload.partition(b"\n")[0]
    assert payload[:1] in (b"{", b"\x28"), "the first byte tells plain from compressed"
    return msgspec.json.decode(contract.opened(payload, dictionary=version2.dictionary()))


def test_everything_that_was_sent_is_as_the_schemas_say(broker: Broker, tmp_path: Path) -> None:
    """A station with all kinds of records, a receiver with receipts, commands: each message fits its schema."""
    listener = Listener(broker)
    watch = Watch(tmp_path, broker.url, "--receipts").start()
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    try:
        everything_said(box, listener, watch)
    finally:
        box.close()
        watch.end()
    seen: dict[str, int] = {}
    for message in listener.take():
        version, _, channel = message.topic.removeprefix("minshan/").split("/")
        schema = SCHEMA_OF[channel] if version == "1" else "column-batch"
        seen[schema] = seen.get(schema, 0) + 1
        problems = [f"{e.json_path}: {e.message}" for e in validator(schema).iter_errors(plain(message))]
        assert problems == [], f"on {message.topic}: {problems[:3]}"
    assert set(seen) == {*SCHEMA_OF.values(), "column-batch"}
    read_by_the_documents(listener.messages)


def read_by_the_documents(messages: list[Incoming]) -> None:
    """Read all messages of version 2 by the documents' decoder: the same minutes as ours."""
    newer = [message for message in messages if message.topic.startswith("minshan/2/")]
    tables: dict[str, Any] = {}
    decoder = documents_decoder()
    found = [record for message in newer for record in decoder.records(message.payload, "orchard-1", tables)]
    ours = [json.loads(msgspec.json.encode(record)) for record in records_of(newer)]
    assert [record for record in found if record["kind"] == "minute"]
    assert sorted(found, key=by_name) == sorted(ours, key=by_name)


def by_name(record: dict[str, Any]) -> tuple[str, int, int]:
    """Return what names a record."""
    return record["epoch"], record["seq"], record["revision"]


def everything_said(box: Box, listener: Listener, watch: Watch) -> None:
    """Let each topic be used at least once."""
    box.store.append(draft(Kind.START, {"reason": "first start"}, ClockMark("arrival")))
    for kind in (Kind.SETUP, Kind.LOSS, Kind.HEALTH, Kind.ALERT):
        box.store.append(draft(kind, {"what": "x"}, ClockMark("ntp", 0.02)))
    box.backlog(30)
    box.recording()
    box.run(300)
    box.store.times.bound(BOOT, 1, 2)
    box.picture(os.urandom(50_000), os.urandom(5_000))
    box.run_until(lambda: not box.store.pictures.unproven(PLATFORM) and len(watch.seqs()) > 30)
    listener.send(topic("orchard-1", Topic.COMMAND), encode(Command(VERSION, "c1", "picture", {"camera": "n"}, 1)))
    box.run(1)
    box.uplink.result(Result(VERSION, "c1", "orchard-1", "done", "taken", {"picture": "x"}))
    wanted = Receipt(VERSION, "x", 1, wanted=[Piece("0" * 64, "full", 5)])
    listener.send(topic("orchard-1", Topic.RECEIPT), encode(wanted))
    box.run(60)


def draft(kind: Kind, body: dict[str, Any], mark: ClockMark) -> Draft:
    """Return an event at this boot's beginning."""
    return Draft(kind, Stamp(BOOT, 0.0), 0.0, None if mark.source == "arrival" else 1, mark, body)


def test_a_schema_refuses_what_is_wrong() -> None:
    """The schemas bite: a flag without meaning, a span with its ends in text, a state that is none."""
    record = {
        "epoch": "e",
        "seq": 1,
        "kind": "minute",
        "stamp": {"boot": "b", "boottime": 1},
        "duration": 60,
        "start": 1,
        "clock": {"source": "ntp", "error": 0.1},
        "revision": 0,
        "setup": None,
        "body": {"values": {"a": 1.5}, "quality": {"a": 1}, "reasons": {}},
    }
    batch = {"v": 1, "station": "a", "records": [record]}
    assert list(validator("batch").iter_errors(batch)) == []
    for path, value in (("seq", 0), ("kind", ""), ("body", []), ("start", "now"), ("body", {"values": {"a": "1"}})):
        wrong = {**batch, "records": [{**record, path: value}]}
        assert list(validator("batch").iter_errors(wrong)), path
    assert list(validator("receipt").iter_errors({"v": 1, "ledger": "x", "generation": 1, "has": [["e", "1", "2"]]}))
    assert list(validator("status").iter_errors({"v": 1, "station": "a", "state": "asleep", "epoch": "e"}))
