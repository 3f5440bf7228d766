"""Messages of version 2: what others read by the documents alone, and what is small enough for a farm's SIM."""

from __future__ import annotations

import json
import zlib
from itertools import chain
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from edge.northbound import version2
from edge.northbound.column_writer import KnownTables
from edge.records.record import Record
from edge.wire.contract import zstd
from tests.bench.days import recorded, records_of
from tests.data import shared
from tests.kits.batches import DECODER, documents_decoder
from tests.kits.receiver_kit import minute
from tests.unit.edge.northbound.test_columns import UNITS, minutes
from tests.unit.hub.test_columns_received import spelt

STATION = "maoxian-1"
GOLDEN = {
    360: 512394681,
    7: 3978095968,
    1: 1315662563,
}  # records in a message -> CRC-32 of the JSON of all messages of the recorded days


@pytest.fixture(name="decoder", scope="module")
def loaded() -> ModuleType:
    """Load the documents' decoder from its file."""
    return documents_decoder()


def sent(records: list[Record], known: tuple[str, ...] = ()) -> bytes:
    """Return the payload of a message of these records."""
    batch, _ = version2.batch(KnownTables(STATION, UNITS.get), records, known)
    payload = version2.encode(batch)
    assert payload is not None
    return payload


def plain(records: list[Record]) -> list[Any]:
    """Return records as JSON values, in the order of their seqs."""
    return [json.loads(msgspec.json.encode(record)) for record in sorted(records, key=lambda record: record.seq)]


@settings(max_examples=25)
@given(minutes())
def test_the_documents_decoder_reads_every_message(decoder: ModuleType, records: list[Record]) -> None:
    """Sixty lines of plain Python, as somebody else would write them, read the same records as ours."""
    found = decoder.records(sent(records), STATION, {})
    assert sorted(found, key=lambda record: record["seq"]) == plain(records)
    assert len(DECODER.read_text().splitlines()) <= 60


def test_the_documents_decoder_waits_for_a_table_and_refuses_damage(decoder: ModuleType) -> None:
    """A block that came before its table is read after it; a number that was changed on its way is an error."""
    records, tables = [spelt(minute(7))], dict[str, Any]()
    batch, along = version2.batch(KnownTables(STATION, UNITS.get), records)
    with pytest.raises(KeyError):
        decoder.records(sent(records, (along[0].hash,)), STATION, tables)
    decoder.records(version2.encode(version2.ColumnBatch(2, batch.tables)), STATION, tables)
    assert decoder.records(sent(records, (along[0].hash,)), STATION, tables) == plain(records)
    told = json.loads(msgspec.json.encode(batch))
    told["columns"][0]["values"][0] = "1" + told["columns"][0]["values"][0]
    with pytest.raises(ValueError, match="sum"):
        decoder.records(json.dumps(told).encode(), STATION, tables)


def test_the_dictionary_is_the_documents() -> None:
    """Who takes the file of the documents decompresses what a station sends; with an empty one that fails."""
    text = DECODER.with_name("dictionary.txt").read_bytes()
    payload = sent([spelt(minute(1))])
    assert json.loads(zstd().decompress(payload, zstd_dict=zstd().ZstdDict(text, is_raw=True)))["v"] == 2
    with pytest.raises((zstd().ZstdError, ValueError)):
        json.loads(zstd().decompress(payload))


def test_what_is_no_minute_goes_as_it_is() -> None:
    """Events, and minutes that are dated by bounds alone, are plain records of the same message, to the byte."""
    undated = spelt(minute(4, start=None))
    records = [spelt(minute(1)), msgspec.structs.replace(minute(2), kind="avalanche"), spelt(minute(3)), undated]
    batch, along = version2.batch(KnownTables(STATION, UNITS.get), records)
    assert batch.records == [records[1]]
    assert [block.seq for block in batch.columns] == ["1b", "4"]
    assert len(along) == 2  # one by ntp, one by arrival


def test_the_recorded_days_are_written_as_ever() -> None:
    """However columns are reckoned, a recorded day comes to the very bytes that receivers were always sent."""
    shared("station-captures/2022-07-24.txt.gz")
    records, tables = records_of(chain(*(values for _, values in recorded())))[::-1], KnownTables(STATION)
    for together, expected in GOLDEN.items():
        batches = [version2.batch(tables, records[at : at + together])[0] for at in range(0, len(records), together)]
        assert zlib.crc32(b"\n".join(map(msgspec.json.encode, batches))) == expected, together
