"""A minute's values and flags in the order of an export's columns, read from its record in one pass.

The channels are known in advance, so a record is decoded directly into positions, without a look-up by name for each
value. A minute with more channels, or in another form, is decoded the slower way.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec

from drivers.reason import Reason
from edge.measure.aggregates import MOST_CHANNELS, said_by
from edge.records.bodies import Flag
from hub.database.rows import is_refused
from hub.sink import SinkError

CHANGED = Reason("changed_meanwhile", "new data arrived during the reading: try again")
Cell = float | int | None


class MinuteCells:
    """Decodes minutes for columns of these channels; `some`: ignore any others that a minute has."""

    def __init__(self, channels: Sequence[str], some: bool) -> None:
        self._channels, self._some = channels, some
        self._decoder = _decoder(channels, some)

    def of(self, raw: bytes) -> list[Cell]:
        """Return value and flag of each channel, None where absent. Raise SinkError for a channel without a column."""
        try:
            body = self._decoder.decode(raw).body
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._slowly(raw)
        values, flags = msgspec.structs.astuple(body.values), msgspec.structs.astuple(body.quality)
        return [*chain.from_iterable(zip(values, flags))]

    def _slowly(self, raw: bytes) -> list[Cell]:
        measured = said_by(raw)
        more = measured.values.keys() - set(self._channels)
        if not self._some and not all(is_refused(name) for name in more):  # such a name is in no hour
            raise SinkError(CHANGED)
        pairs = ((measured.values.get(channel), measured.quality.get(channel)) for channel in self._channels)
        return [*chain.from_iterable(pairs)]


def _decoder(channels: Sequence[str], some: bool) -> Any:
    """Return a decoder of records with a field for each channel; one that always fails where that is not possible."""

    def places(name: str, kind: Any, forbids: bool) -> Any:
        fields = [(f"c{at}", kind, msgspec.field(name=channel, default=None)) for at, channel in enumerate(channels)]
        return msgspec.defstruct(name, fields, frozen=True, gc=False, forbid_unknown_fields=forbids)

    try:
        if len(channels) > MOST_CHANNELS:
            raise ValueError(len(channels))
        values = places("Values", float | None, not some)
        parts = [("values", values), ("quality", places("Quality", Flag | None, False))]
    except ValueError:
        return msgspec.json.Decoder(msgspec.UnsetType)
    body = msgspec.defstruct("Body", parts, frozen=True, gc=False)
    return msgspec.json.Decoder(msgspec.defstruct("Record", [("body", body)], frozen=True, gc=False))
