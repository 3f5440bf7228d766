"""The schemas that are made from the structs: what the code sends fits them, and what it refuses does not."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from referencing import Registry, Resource

from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.records.spans import Span
from edge.wire import contract
from edge.wire.contract import Batch, ChunkHeader, Piece, Receipt, Revised
from tests import schemas

MINUTE = {"values": {"air_temperature": None}, "quality": {"air_temperature": 9}, "reasons": {"air_temperature": "x"}}
SEASON = {**dict.fromkeys(("since", "hours", "missing", "chill_hours"), 1), "chill_portions": 0.5}
SEASON |= {"utah_chill_units": -0.5, "growing_degree_hours": 3.4}
HOUR = MINUTE | {"begin": 3_600_000_000, "season": SEASON, "radiation": "measured"}
RECORD = Record("e", 1, Kind.MINUTE, Stamp("b", 0.5), 60.0, None, ClockMark("arrival"), 0, 2, raw(MINUTE))
GOOD: dict[str, Any] = {
    "batch": Batch(1, "s", [RECORD]),
    "record": RECORD,
    "chunk-header": ChunkHeader(1, "s", "a" * 64, "full", 0, 9, "b" * 64, "cam", "e", 1),
    "receipt": Receipt(1, "l", 3, [Span("e", 1, 2)], [Piece("a" * 64, "full")], [], [Revised(1, [Span("e", 1, 1)])]),
    "hello": contract.Hello(1, "s", "n", "e", [Span("e", 1, 2)], 3, [], 0, "ntp", "broker"),
    "minute": MINUTE,
    "hour": HOUR,
}


def validator(name: str) -> jsonschema.Draft7Validator:
    """Return a validator by the generated schemas, those that they refer to beside them."""
    made = {path.name: json.loads(text) for path, text in schemas.files().items()}
    registry: Any = Registry().with_resources((file, Resource.from_contents(schema)) for file, schema in made.items())
    jsonschema.Draft7Validator.check_schema(made[f"{name}.json"])
    return jsonschema.Draft7Validator(made[f"{name}.json"], registry=registry)


@pytest.mark.parametrize("name", GOOD)
def test_what_the_code_sends_fits(name: str) -> None:
    """A message of each kind is what its generated schema describes."""
    validator(name).validate(json.loads(msgspec.json.encode(GOOD[name])))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("record", {"seq": 0}),
        ("record", {"epoch": ""}),
        ("record", {"stamp": None}),
        ("record", {"kind": ""}),
        ("record", {"body": 7}),
        ("chunk-header", {"part": "half"}),
        ("hello", {"station": "Ü"}),
        ("receipt", {"has": [["e", 0, 1]]}),
        ("receipt", {"has": [["e", 1]]}),
        ("minute", {"quality": {"a": 12}}),
        ("minute", {"values": {"a": "x"}}),
        ("hour", {"season": None}),
    ],
)
def test_what_the_code_refuses_does_not(name: str, change: dict[str, Any]) -> None:
    """The bounds of the structs are the schema's bounds."""
    message = {**json.loads(msgspec.json.encode(GOOD[name])), **change}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(message), type=schemas.MESSAGES[name])
    assert not validator(name).is_valid(message)


def test_every_schema_has_its_struct() -> None:
    """No file is written by hand alone but the roll call, which is empty, and all that is required is in code."""
    assert {path.stem for path in schemas.FOLDER.glob("*.json")} - schemas.made().keys() == {"rollcall"}
    for name, schema in schemas.made().items():
        fields = msgspec.structs.fields(schemas.MESSAGES[name])
        if "properties" in schema:
            assert set(schema["properties"]) == {field.encode_name for field in fields}


def test_what_is_made_is_made_again() -> None:
    """Descriptions, and what narrows a property, outlive being generated; nothing else of the old file does."""
    for name, schema in schemas.made().items():
        once = schemas.merged(schema, {"description": "d", "properties": {"v": {"const": 1, "type": "nonsense"}}}, name)
        assert schemas.merged(schema, once, name) == once
        assert "nonsense" not in json.dumps(once)
        assert once["description"] == "d"


def test_the_published_schemas_are_those_of_the_code() -> None:
    """Who reads docs/wire-contract reads what the code sends and takes; `python -m tests.schemas` writes them anew."""
    behind = [path.name for path, text in schemas.files().items() if path.read_text(encoding="utf-8") != text]
    assert behind == []
