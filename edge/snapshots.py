"""The snapshots that a station's lanes publish, each by one assignment, and the status made from them.

All are immutable. The status goes over the local socket as JSON, and is decoded by `read`.
"""

from datetime import date
from typing import Any

import msgspec

from drivers.reason import Reason
from edge.records.bodies import Hour, Minute, restore


class SensorSnapshot(msgspec.Struct, frozen=True):
    """What a bus lane publishes of a sensor: why it is down, counts of readings, refused frames and errors.

    `frames`: good ones since the start; `damaged`: why the newest refused one was refused; `place`: where it is on its
    bus. An older station sends none of these.
    """

    name: str
    driver: str
    bus: str
    down: Reason | None
    readings: int
    refused: dict[str, int]
    errors: dict[str, int]
    frames: int = 0
    damaged: Reason | None = None
    place: Reason | None = None


class LedgerSnapshot(msgspec.Struct, frozen=True):
    """The receiver whose ledger is believed, another that was heard, and how often that one was refused."""

    believed: str | None
    other: str | None
    refused: int


class SetAsideSnapshot(msgspec.Struct, frozen=True):
    """How many messages were set aside since the start, why the last one was, and where they are."""

    count: int
    last: Reason | None
    folder: str


class TooLargeSnapshot(msgspec.Struct, frozen=True):
    """How many records are too large for this broker's packets, and the reason for the newest."""

    count: int
    last: Reason | None


class UplinkSnapshot(msgspec.Struct, frozen=True):
    """The link and its traffic: `last_ack` is a boottime (s), `bytes_sent` MQTT's, `sending` messages in flight.

    `never_arrives` names records that never arrive at the platform, however often they are sent.
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


class ForwardSnapshot(msgspec.Struct, frozen=True):
    """One destination: its name and kind, and why the last attempt failed (None: it did not)."""

    destination: str
    kind: str
    trouble: Reason | None = None


class BudgetSnapshot(msgspec.Struct, frozen=True):
    """The month's data: bytes `used` by purpose, the limit `most` (None: unlimited), the month's days (ISO).

    `a_month` is the estimated cost of the configuration as currently thinned, bytes in 30 days, at most the budget.
    `step` is the degree of thinning (`edge.budget.thinning`), `live_every` the minutes between two live messages.
    """

    most: int | None
    used: dict[str, int]
    first: date | None
    end: date | None
    days_left: float | None
    a_month: float
    step: int
    live_every: int
    spare: int | None = None  # bytes that other destinations may have; None: unlimited


class CameraSnapshot(msgspec.Struct, frozen=True):
    """What is wrong with a camera (`detail`: what happened), failed attempts since, its last picture's UTC."""

    trouble: Reason | None
    failures: int
    last: int | None


class PicturesSnapshot(msgspec.Struct, frozen=True):
    """What the picture lane publishes: the number of pictures taken since the start, and each camera."""

    taken: int
    cameras: dict[str, CameraSnapshot]


class AlertNow(msgspec.Struct, frozen=True):
    """A rule whose alert is open, or whose value is unknown (`blind`): its step, the worst value since it was raised.

    `smoke`: the value that would raise it, were it not the smoke of frost fires. `below`: lower values are worse.
    """

    rule: str
    step: int
    steps: int
    blind: bool
    quantity: str
    unit: str
    worst: float | None
    crop: str
    stage: str
    assumed: bool
    alert: str = ""  # its identity, "" while none is open
    smoke: float | None = None
    below: bool = False


class HornSnapshot(msgspec.Struct, frozen=True):
    """What the horn publishes: whether it is on, the rules that call for it, those that were silenced, s of rest left.

    `trouble`: why it, or its button, is not available.
    """

    on: bool = False
    rules: tuple[str, ...] = ()
    silenced: tuple[str, ...] = ()
    rests_s: float = 0.0
    trouble: Reason | None = None


class ChannelNow(msgspec.Struct, frozen=True):
    """The state of a channel: when it last accepted a message (microseconds UTC), why it refused the last one."""

    name: str
    worked: int | None = None
    trouble: Reason | None = None


class NotifySnapshot(msgspec.Struct, frozen=True):
    """What the lane publishes: its channels, and the rules of whose alerts the station itself notifies people now."""

    channels: tuple[ChannelNow, ...] = ()
    rules: tuple[str, ...] = ()


class ClockStatus(msgspec.Struct, frozen=True):
    """How the time is known, its error, s, and what is wrong with its sources."""

    source: str
    error: float | None
    trouble: Reason | None


class Strays(msgspec.Struct, frozen=True):
    """Picture files that belong to no record."""

    files: int
    bytes: int


class StoreStatus(msgspec.Struct, frozen=True):
    """What is stored, what is unsent and since when.

    `waiting`: records only in memory, because the disk refuses them; `mended`: the last repair in this run.
    """

    epoch: str
    next_seq: int
    unsent: int
    unsent_since: int | None
    held: int
    bytes: int
    strays: Strays
    trouble: Reason | None
    waiting: int
    mended: Reason | None


class UplinkStatus(UplinkSnapshot, frozen=True, kw_only=True):
    """What the uplink publishes, and how much of the store its destination lacks or has not proven to have."""

    unsent: int
    unproven: int
    pictures_left: int


class ForwardStatus(ForwardSnapshot, frozen=True, kw_only=True):
    """What a destination's lane publishes, and from the store: records that wait, of these the ones that wait for a
    time, those that it refuses and why (the newest), and the begin of the newest that it has (microseconds UTC).
    """

    waiting: int
    held: int
    aside: int
    newest: int | None
    refused: Reason | None = None


class MinuteStatus(Minute, frozen=True, kw_only=True):
    """The newest minute: its begin (microseconds UTC, None: unknown), its length (s), its body."""

    start: int | None
    duration: float


class StationStatus(msgspec.Struct, frozen=True):
    """All facts of a station: times are microseconds UTC or None, durations s, sizes bytes.

    `prices`: the cost of a picture of each camera by its size, MB.
    """

    station: str
    title: str
    utc_offset_h: float
    time: int | None
    clock: ClockStatus
    minute: MinuteStatus | None
    units: dict[str, str]
    derived: dict[str, float]
    hour: Hour | None
    sensors: list[SensorSnapshot]
    store: StoreStatus
    uplink: UplinkStatus | None
    forward: list[ForwardStatus]
    budget: BudgetSnapshot | None
    pictures: PicturesSnapshot | None
    prices: dict[str, float]
    alerts: list[AlertNow]
    horn: HornSnapshot | None
    notify: NotifySnapshot | None
    maintenance: Reason | None
    falls: dict[str, int]
    inbox_lost: int


def read(status: Any) -> StationStatus:
    """Return a station's status from its JSON values. Raise ValueError if it is of another version."""
    return msgspec.convert(status, StationStatus, dec_hook=restore)
