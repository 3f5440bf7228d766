"""Decode version 2 of the record topics: minutes in columns, by their tables, each block individually."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from drivers.reason import Reason
from edge.northbound import columns, version2
from edge.northbound.columns import Columns
from edge.records.record import Record
from edge.wire.contract import MOST_RECORDS, PayloadError, StationId, TableName, TooLargeError, Version, opened
from hub.column_tables import ColumnTables

Raws = Annotated[list[Raw], Meta(max_length=MOST_RECORDS)]
OTHERS_TABLE = Reason("table_of_another", "table: it is one of {station}", station="")


class RawColumnBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message whose tables, blocks and records are not decoded yet."""

    v: Version
    tables: Raws = []
    columns: Raws = []
    records: Raws = []


class Named(msgspec.Struct, frozen=True):
    """A block of which only the table's name is decoded."""

    table: TableName


class ReadMessage(msgspec.Struct):
    """The content of one message of `station`; `bad`: damaged blocks, each as a message of its own with the reason."""

    station: str
    v: int
    records: list[Raw]
    minutes: list[Record]
    bad: list[tuple[bytes, Reason]]
    more: dict[str, Raw]
    new_tables: bool = False


def read(topic: str, payload: bytes, tables: ColumnTables) -> ReadMessage:
    """Return a message's content; blocks without their table are queued. Raise PayloadError, OSError."""
    station = _station(topic)
    raw = _opened(payload)
    message = _decoded(raw, RawColumnBatch)
    found = ReadMessage(station, message.v, list(message.records), [], [], _more(raw))
    here = {columns.name_of(table): table for table in message.tables}
    for table in message.tables:
        _take_table(found, table, tables)
    for block in message.columns:
        try:
            _take_block(found, topic, block, here, tables)
        except PayloadError as damage:
            found.bad.append((_alone(message.v, block, here), damage.reason))
    return found


def _take_table(found: ReadMessage, told: Raw, tables: ColumnTables) -> None:
    try:
        table = columns.read_table(told)
    except PayloadError as wrong:
        found.bad.append((_encoded(RawColumnBatch(found.v, [told])), wrong.reason))
        return
    if table.station != found.station:
        found.bad.append((_encoded(RawColumnBatch(found.v, [told])), OTHERS_TABLE.having(station=table.station)))
        return
    if tables.put(found.station, told):
        found.new_tables = True
        if msgspec.json.encode(table) != bytes(told):  # it has keys of a newer version
            found.more["table"] = told


def _take_block(found: ReadMessage, topic: str, raw: Raw, here: dict[str, Raw], tables: ColumnTables) -> None:
    name = _decoded(raw, Named).table
    table = tables.get(found.station, name)
    if table is None and name in here:
        raise PayloadError(Reason("table_not_understood", "columns: their table is not understood"))
    if table is None:
        tables.wait(topic, found.station, name, _encoded(RawColumnBatch(found.v, [], [raw])))
        return
    found.minutes += columns.records(_decoded(raw, Columns), table)
    fields = msgspec.json.decode(raw, type=dict[str, Raw])
    found.more |= {f"columns.{key}": fields[key] for key in fields.keys() - set(Columns.__struct_fields__)}


def _alone(v: int, block: Raw, here: dict[str, Raw]) -> bytes:
    """Return one block as a message of its own, with its table if that came in the same message."""
    try:
        name = msgspec.json.decode(block, type=Named).table
    except msgspec.MsgspecError:
        name = ""
    return _encoded(RawColumnBatch(v, [here[name]] if name in here else [], [block]))


def _encoded(message: RawColumnBatch) -> bytes:
    return msgspec.json.encode(message)


def _more(raw: bytes) -> dict[str, Raw]:
    """Return a message's keys that this version does not know."""
    fields = msgspec.json.decode(raw, type=dict[str, Raw])
    return {key: value for key, value in fields.items() if key not in RawColumnBatch.__struct_fields__}


def _opened(payload: bytes) -> bytes:
    try:
        return opened(payload, dictionary=version2.dictionary())
    except TooLargeError as error:
        raise PayloadError(f"ColumnBatch: {error}") from None


def _decoded(raw: Raw | bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadError(f"{kind.__name__}: {error}") from None


def _station(topic: str) -> str:
    try:
        return msgspec.convert(topic.split("/")[2], StationId)
    except msgspec.ValidationError:
        raise PayloadError(Reason("topic_of_no_station", "the topic belongs to no station")) from None
