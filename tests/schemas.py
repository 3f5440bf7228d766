"""Makes the JSON Schemas of docs/wire-contract from the structs in code: python -m tests.schemas

Types, bounds, what is required and how messages hold each other come from the structs alone. What a struct cannot
know is kept from the file that is there: descriptions, and where this version says less than it would take (`const`,
`enum`, `if`). So a field that is new in code comes into its schema by itself, and a test finds a schema that is behind.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from edge.northbound import columns, version1, version2
from edge.records import spans
from edge.records.bodies import Alert, SeasonCounts, Stage
from edge.records.record import ClockMark, Record, Stamp
from edge.wire import contract

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "wire-contract" / "schemas"
DRAFT = "http://json-schema.org/draft-07/schema#"
MESSAGES: dict[str, type[msgspec.Struct]] = {
    "alert": Alert,
    "answer": contract.HelloAnswer,
    "batch": contract.Batch,
    "chunk-header": contract.ChunkHeader,
    "clock": ClockMark,
    "column-batch": version2.ColumnBatch,
    "columns": columns.Columns,
    "command": contract.Command,
    "hello": contract.Hello,
    "hour": version1.Version1Hour,
    "minute": version1.Version1Minute,
    "piece": contract.Piece,
    "receipt": contract.Receipt,
    "record": Record,
    "result": contract.Result,
    "revised": contract.Revised,
    "season": SeasonCounts,
    "span": spans.Span,
    "stage": Stage,
    "stamp": Stamp,
    "status": contract.Status,
    "table": columns.Table,
}
KEPT = ("if", "then", "allOf", "examples")  # beside descriptions and what narrows a property
NARROWER = ("const", "enum")


def made() -> dict[str, dict[str, Any]]:
    """Return each file's schema as the structs have it."""
    files = {kind.__name__: f"{name}.json" for name, kind in MESSAGES.items()}
    _, found = msgspec.json.schema_components(MESSAGES.values(), ref_template="{name}")
    return {name: _draft_7(found[kind.__name__], files, found) for name, kind in MESSAGES.items()}


def _draft_7(part: Any, files: dict[str, str], parts: dict[str, Any]) -> Any:
    """Return a piece of msgspec's schema in draft 7: references to files, and what has none in its place."""
    if isinstance(part, list):
        return [_draft_7(one, files, parts) for one in part]
    if not isinstance(part, dict):
        return part
    if isinstance(name := part.get("$ref"), str):
        return {"$ref": files[name]} if name in files else _draft_7(parts[name], files, parts)
    hidden = ("title", "description", "default")
    found = {key: _draft_7(one, files, parts) for key, one in part.items() if key not in hidden}
    if "prefixItems" in found:
        found["items"], found["maxItems"] = found.pop("prefixItems"), len(part["prefixItems"])
    return found


def merged(schema: dict[str, Any], present: dict[str, Any], title: str) -> dict[str, Any]:
    """Return a file's schema: the struct's, with what only the file that is there can know."""
    head = {"$schema": DRAFT, "title": present.get("title", title)}
    head |= {key: present[key] for key in ("description",) if key in present}
    body = dict(schema)
    if "properties" in schema:
        before = present.get("properties", {})
        body["properties"] = {key: _described(one, before.get(key, {})) for key, one in schema["properties"].items()}
    elif isinstance(schema.get("items"), list) and isinstance(present.get("items"), list):
        body["items"] = [_described(one, old) for one, old in zip(schema["items"], present["items"])]
    return head | body | {key: present[key] for key in KEPT if key in present}


def _described(schema: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    narrower = {key: present[key] for key in NARROWER if key in present}
    if isinstance(inner := present.get("additionalProperties"), dict) and "additionalProperties" in schema:
        schema = schema | {"additionalProperties": _described(schema["additionalProperties"], inner)}
    described = {"description": present["description"]} if "description" in present else {}
    return (narrower or schema) | described


def files() -> dict[Path, str]:
    """Return what each file should hold."""
    found = {}
    for name, schema in made().items():
        path = FOLDER / f"{name}.json"
        present = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        found[path] = json.dumps(merged(schema, present, MESSAGES[name].__name__), indent=2, ensure_ascii=False) + "\n"
    return found


def main() -> None:
    """Write them."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
