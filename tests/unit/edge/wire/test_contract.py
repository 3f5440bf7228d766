"""The wire contract: the codecs, and the documents that state it for others."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML carries no types
from hypothesis import given
from hypothesis import strategies as st

from edge.northbound import columns, version2
from edge.records.record import ClockMark, Record, Stamp
from edge.wire import contract
from edge.wire.contract import Batch, ChunkHeader, PayloadError, Topic

DOCS = Path(__file__).resolve().parents[4] / "docs" / "wire-contract"
MESSAGES: dict[str, type[msgspec.Struct]] = {
    "batch": Batch,
    "record": Record,
    "clock": ClockMark,
    "stamp": Stamp,
    "chunk-header": ChunkHeader,
    "status": contract.Status,
    "hello": contract.Hello,
    "answer": contract.HelloAnswer,
    "receipt": contract.Receipt,
    "piece": contract.Piece,
    "command": contract.Command,
    "result": contract.Result,
    "table": columns.Table,
    "columns": columns.Columns,
    "column-batch": version2.ColumnBatch,
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_schema_has_the_codes_fields(name: str) -> None:
    """Each schema names exactly the fields of its message in code, and requires those that have no default."""
    schema = json.loads((DOCS / "schemas" / f"{name}.json").read_text())
    fields = msgspec.structs.fields(MESSAGES[name])
    assert set(schema["properties"]) == {field.encode_name for field in fields}
    assert set(schema["required"]) == {field.encode_name for field in fields if field.required}


BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "maxItems", "maxProperties")


def bounds(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the bounds of a value, whichever of its forms has them."""
    forms = [schema, *schema.get("anyOf", [])]
    return {bound: form[bound] for form in forms for bound in BOUNDS if bound in form}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_schema_has_the_codes_bounds(name: str) -> None:
    """Whatever the code refuses as too long or too large, the schema refuses too."""
    written = json.loads((DOCS / "schemas" / f"{name}.json").read_text())["properties"]
    (_,), defined = msgspec.json.schema_components([MESSAGES[name]])
    for field, schema in defined[MESSAGES[name].__name__]["properties"].items():
        if "const" not in written[field] and "enum" not in written[field]:
            assert bounds(written[field]) == bounds(schema), f"{name}.{field}"


def test_the_document_names_every_topic_and_schema() -> None:
    """asyncapi.yaml has each topic of the code at its address, and every file that it refers to is there."""
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text())
    addresses = {channel["address"] for channel in document["channels"].values()}
    newer = {contract.topic("{station}", channel, version2.VERSION) for channel in (Topic.LIVE, Topic.BACKFILL)}
    assert addresses == {contract.topic("{station}", channel) for channel in Topic} | {contract.ROLLCALL} | newer
    used = {operation["channel"]["$ref"].rpartition("/")[2] for operation in document["operations"].values()}
    used |= {"answer"}  # by the hello's reply
    assert used == set(document["channels"])
    for message in document["components"]["messages"].values():
        assert (DOCS / message["payload"]["$ref"]).is_file()


def test_the_readme_names_every_topic() -> None:
    """Who reads the text alone misses no topic."""
    text = (DOCS / "README.md").read_text()
    assert [channel for channel in Topic if f"`{channel.value}`" not in text] == []


@given(st.binary(max_size=200), st.sampled_from(sorted(MESSAGES)))
def test_rubbish_is_refused(payload: bytes, name: str) -> None:
    """Arbitrary bytes are a message or PayloadError, never anything else."""
    for data in (payload, contract.ZSTD_MAGIC + payload):
        try:
            assert isinstance(contract.decode(data, MESSAGES[name]), MESSAGES[name])
        except PayloadError as refused:
            assert MESSAGES[name].__name__ in str(refused)
    with suppress(PayloadError):
        contract.decode_chunk(payload)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=64), JSON, max_size=4), st.booleans())
def test_a_message_comes_back_as_it_went(body: dict[str, Any], compress: bool) -> None:
    """Plain or compressed, what is decoded is what was encoded."""
    message = contract.Command(1, "id", "name", body, 5)
    assert contract.decode(contract.encode(message, compress), contract.Command) == message


@given(st.binary(max_size=500))
def test_a_chunk_comes_back_as_it_went(data: bytes) -> None:
    """A chunk's bytes may hold anything, line feeds too."""
    header = ChunkHeader(1, "s", "a" * 64, "full", 0, len(data), "b" * 64, "cam", "e", 1)
    assert contract.decode_chunk(contract.encode_chunk(header, data)) == (header, data)


def test_a_message_that_swells_is_refused() -> None:
    """A few compressed bytes cannot fill the memory."""
    bomb = contract.encode("x" * (contract.LARGEST + 1), compress=True)
    assert len(bomb) < 10_000
    with pytest.raises(PayloadError, match="more than"):
        contract.decode(bomb, str)


def test_a_message_nested_without_end_is_refused() -> None:
    """A payload of brackets alone harms nothing."""
    with pytest.raises(PayloadError, match="Command"):
        contract.decode(b'{"v":1,"id":"x","name":"y","args":{"a":' + b"[" * 100_000, contract.Command)
