"""Records in version 1 of the wire contract: each reason only as its English sentence.

A record without a reason goes as its bytes are, and so does one that this version does not understand.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from drivers.reason import is_coded
from edge.records.bodies import MOST_CHANNELS, Flags, Key, Numbers, SeasonCounts, Text, raw
from edge.records.record import Kind, Name, Record, Utc

COUNTED = ("errors", "refused")  # tables of a health record: code -> how often


def records(kept: Sequence[Record]) -> list[Record]:
    """Return what version 1 sends of these; a record without a reason is the same object."""
    return [_in_sentences(record) for record in kept]


def _in_sentences(record: Record) -> Record:
    if record.kind not in list(Kind):
        return record
    try:
        kept = record.fields()
    except (ValueError, RecursionError):  # nobody can read it, and it is not for us to keep it back
        return record
    found = body(record.kind, kept)
    return record if found is kept else msgspec.structs.replace(record, body=raw(found))


def body(kind: str, kept: dict[str, Any]) -> dict[str, Any]:
    """Return a body with sentences in the place of reasons, itself where it has none."""
    reasons = kept.get("reasons")
    if kind in (Kind.MINUTE, Kind.HOUR):
        if not isinstance(reasons, dict) or not reasons:
            return kept
        return {**kept, "reasons": {name: sentence(one) for name, one in reasons.items()}}
    if kind == Kind.PICTURE and isinstance(reasons, list):
        return {**kept, "reasons": ", ".join(str(sentence(one)) for one in reasons)}
    told: dict[str, Any] = sentence(kept)
    return kept if told == kept else told


def sentence(value: Any) -> Any:
    """Return the value with English sentences in the place of reasons, at any depth; anything else as it is."""
    if is_coded(value):
        return value["text"]
    if isinstance(value, dict):
        return {key: _counts(one) if key in COUNTED else sentence(one) for key, one in value.items()}
    return [sentence(one) for one in value] if isinstance(value, list) else value


def _counts(counted: Any) -> Any:
    """Return how often each code came, by the phrase that version 1 counts under: "no answer" for no_answer."""
    if not isinstance(counted, dict):
        return counted
    return {str(code).replace("_", " "): count for code, count in counted.items()}


class Version1Minute(msgspec.Struct, frozen=True):
    """The body of a minute as version 1 has it; its schema in docs/wire-contract follows from it."""

    values: Numbers
    quality: Flags
    reasons: Annotated[dict[Key, Text], Meta(max_length=MOST_CHANNELS)] = {}


class Version1Hour(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an hour as version 1 has it."""

    begin: Utc
    values: Numbers
    quality: Flags
    season: SeasonCounts
    reasons: Annotated[dict[Key, Text], Meta(max_length=MOST_CHANNELS)] = {}
    radiation: Name | None = None
