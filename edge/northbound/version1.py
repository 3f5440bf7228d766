"""Records as version 1 of the wire has them: each reason as its English sentence alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from drivers.reason import is_coded
from edge.records.bodies import MOST_CHANNELS, Flags, Key, Numbers, Text
from edge.records.record import Kind, Record


def records(kept: Sequence[Record]) -> list[Record]:
    """Return what version 1 sends of these; a record without a reason is the same object."""
    return [_told(record) for record in kept]


def _told(record: Record) -> Record:
    said = body(record.kind, record.body)
    return record if said is record.body else msgspec.structs.replace(record, body=said)


def body(kind: Kind, kept: dict[str, Any]) -> dict[str, Any]:
    """Return a body with sentences in the place of reasons, itself where it has none."""
    reasons = kept.get("reasons")
    if kind is Kind.MINUTE:
        return {**kept, "reasons": {name: sentence(one) for name, one in reasons.items()}} if reasons else kept
    if kind is Kind.PICTURE and isinstance(reasons, list):
        return {**kept, "reasons": ", ".join(sentence(one) for one in reasons)}
    changed = {key: sentence(value) for key, value in kept.items() if is_coded(value)}
    return kept | changed if changed else kept


def sentence(value: Any) -> Any:
    """Return a reason's English sentence; anything else as it is."""
    return value["text"] if is_coded(value) else value


class Minute(msgspec.Struct, frozen=True):
    """The body of a minute as version 1 has it; its schema in docs/wire-contract follows from it."""

    values: Numbers
    quality: Flags
    reasons: Annotated[dict[Key, Text], Meta(max_length=MOST_CHANNELS)] = {}
