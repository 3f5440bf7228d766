"""What the uplink publishes of itself: one struct, put in place by one assignment, that never changes."""

from __future__ import annotations

import msgspec

from drivers.reason import Reason


class LedgerSnapshot(msgspec.Struct, frozen=True):
    """Whose word counts: the receiver that is believed, another that was heard, and how often that one was refused."""

    believed: str | None
    other: str | None
    refused: int


class SetAsideSnapshot(msgspec.Struct, frozen=True):
    """How many messages were set aside since the start, why the last one was, and where they are."""

    count: int
    last: Reason | None
    folder: str


class TooLargeSnapshot(msgspec.Struct, frozen=True):
    """How many records fit no packet of this broker, and what is said of the newest."""

    count: int
    last: Reason | None


class UplinkSnapshot(msgspec.Struct, frozen=True):
    """The link and what goes over it: `last_ack` is a boottime (s), `bytes_sent` MQTT's own, `sending` in flight.

    `never_arrives` names records that the platform never has, however often they are sent.
    """

    destination: str
    connected: bool
    broker: str
    protocol: str | None
    proof: str
    last_ack: float | None
    sending: int
    answered: bool
    trouble: Reason | None
    ledger: LedgerSnapshot
    set_aside: SetAsideSnapshot
    too_large: TooLargeSnapshot
    never_arrives: tuple[str, ...]
    bytes_sent: int
