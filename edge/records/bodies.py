"""The contents of a record's body, one struct per kind: views of the bytes, which are stored and forwarded unchanged.

    body = decode("minute", record.body)      a Minute; Unknown if a newer station wrote it in another form

A view omits unknown keys; the record's own body still has them. A body is written from a struct by `plain`, and read,
of any version, by `decode`, which never refuses one. In the store a reason is {"code", "params", "text"}; version 0.1.0
stored only its English text, which is read as a reason with the code "said".
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from drivers.reason import Reason, restored
from edge.records.channel_name import ChannelName
from edge.records.record import MOST, Kind, Name, Seq, Utc, values_of

MOST_CHANNELS = 256
Flag = Annotated[int, Meta(ge=1, le=9)]
Count = Annotated[int, Meta(ge=0, le=MOST)]
Text = Annotated[str, Meta(max_length=2000)]
Hash = Annotated[str, Meta(max_length=64)]
Key = Annotated[str, Meta(min_length=1, max_length=128)]  # a channel, as `ChannelName` writes it
Numbers = Annotated[dict[Key, float | None], Meta(max_length=MOST_CHANNELS)]
Flags = Annotated[dict[Key, Flag], Meta(max_length=MOST_CHANNELS)]
Reasons = Annotated[dict[Key, Reason], Meta(max_length=MOST_CHANNELS)]
Facts = Annotated[dict[Text, Any], Meta(max_length=256)]
Names = Annotated[list[Text], Meta(max_length=MOST_CHANNELS)]
Table = Annotated[list[Facts], Meta(max_length=256)]


class Minute(msgspec.Struct, frozen=True):
    """Each channel of `values` (in its quantity's unit, None: not measured) has a flag, each flag except 1 a reason."""

    values: Numbers
    quality: Flags
    reasons: Reasons = {}


class SeasonCounts(msgspec.Struct, frozen=True):
    """A season's sums since its first hour (`since`, microseconds UTC), over `hours` hours with a temperature.

    `missing`: hours without one, which add nothing. `growing_degree_days`: above 10 degC, K d; None: not counted from
    the season's first hour on.
    """

    since: Utc
    hours: Count
    missing: Count
    chill_hours: Count
    utah_chill_units: float
    growing_degree_hours: float
    chill_portions: float
    growing_degree_days: float | None = None


class Hour(msgspec.Struct, frozen=True, omit_defaults=True):
    """The figures derived from the hour that began at `begin` (microseconds UTC), each with a flag.

    Each flag except 1 has a reason. `radiation` of the evapotranspiration: "measured", or "estimated" from light.
    """

    begin: Utc
    values: Numbers
    quality: Flags
    season: SeasonCounts
    reasons: Reasons = {}
    radiation: Name | None = None


class Missing(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """A span without minutes, microseconds since 1970 UTC."""

    begin: Utc
    end: Utc


class Start(msgspec.Struct, frozen=True, omit_defaults=True):
    """The daemon's start: why nothing was measured before it, since when, and the span without minutes."""

    version: Name
    boot: Name
    reason: Reason
    previous_epoch: Name | None = None
    previous_seq: Seq | None = None
    last_alive: Utc | None = None
    missing: Missing | None = None
    off_s: float | None = None


class Setup(msgspec.Struct, frozen=True):
    """The configuration under which the following minutes are made; `configuration` is the file's hash."""

    configuration: Hash
    flags: Name
    site: Facts
    sensors: Table
    cameras: Table = []


class Loss(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was lost, of which time (microseconds UTC) and seqs, and why."""

    what: Name
    cause: Reason | None = None
    count: Count | None = None
    state: Name | None = None
    epoch: Name | None = None
    first: Seq | None = None
    last: Seq | None = None
    start: Utc | None = None
    end: Utc | None = None


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """The box's hourly status; with `event`, instead, a change of a camera, the time, the horn or messages to people.

    `horn`: why it is not available.
    """

    event: Name | None = None
    camera: Name | None = None
    reason: Reason | None = None
    text: Reason | None = None
    failures: Count | None = None
    sensors: Table = []
    store: Facts = {}
    disk_free: Count | None = None
    falls: Facts = {}
    inbox_lost: Count = 0
    horn: Reason | None = None


class Picture(msgspec.Struct, frozen=True, omit_defaults=True):
    """One picture by its SHA-256: `reasons` are its faults, `quality` 1 if there are none, else 3.

    `command` is the id of the command that requested it, `issued_by` who gave the command. `reasons` is a text if
    version 0.1.0 wrote it.
    """

    camera: Name
    picture: Hash
    thumbnail: Hash
    bytes: Count
    thumbnail_bytes: Count
    width: Count
    height: Count
    quality: Flag
    reasons: Annotated[list[Reason], Meta(max_length=16)] | Text
    figures: Facts
    command: Text = ""
    issued_by: Text = ""


AN_HOUR = "/h"


class Alert(msgspec.Struct, frozen=True, omit_defaults=True):
    """A turn of an alert's life: "raised", "worse", "better", "cleared", "blind" (nothing is known), "seeing", "ended".

    `alert` is its identity from raised to cleared, `rule` its name in the station's file. `step` is the number of the
    limit reached now (0: none), of `steps`; `limit` is that limit, or the first. `value`: the minute's, None: unknown;
    `worst`: the worst since it was raised. `minute` is the seq of the minute that turned it, `begin` its time. `stage`
    is the crop's, `assumed` if nobody has set it; `sensors` are the silent ones, `buses` those whose sensors are all
    silent, with their names. `unit` ends in AN_HOUR if the alert is about a rate of fall.
    """

    alert: Name
    rule: Name
    turn: Name
    step: Count
    steps: Count
    limit: float
    value: float | None
    minute: Seq
    quantity: Text = ""
    unit: Text = ""
    worst: float | None = None
    begin: Utc | None = None
    crop: Text = ""
    stage: Text = ""
    assumed: bool = False
    sensors: Names = []
    buses: Annotated[dict[Text, Names], Meta(max_length=MOST_CHANNELS)] = {}


class Stage(msgspec.Struct, frozen=True):
    """Somebody has set the stage of a crop; `by`: who, `issued_by`: by which way."""

    crop: Name
    stage: Name
    by: Text
    issued_by: Text = ""


class Unknown(msgspec.Struct, frozen=True):
    """A body that this version cannot read: of an unknown kind, or in an unknown form."""

    kind: str
    body: Any


Body = Minute | Hour | Start | Setup | Loss | Health | Picture | Alert | Stage | Unknown
KINDS: dict[str, type[msgspec.Struct]] = {
    Kind.MINUTE: Minute,
    Kind.HOUR: Hour,
    Kind.START: Start,
    Kind.SETUP: Setup,
    Kind.LOSS: Loss,
    Kind.HEALTH: Health,
    Kind.PICTURE: Picture,
    Kind.ALERT: Alert,
    Kind.STAGE: Stage,
}


def decode(kind: str, body: Raw | bytes | dict[str, Any]) -> Any:
    """Return the view of a body, or Unknown. Raise ValueError or RecursionError only for bytes that are not JSON."""
    value = values_of(body) if isinstance(body, Raw | bytes) else body
    known = KINDS.get(kind)
    if known is None:
        return Unknown(kind, value)
    try:
        return msgspec.convert(value, known, dec_hook=restore)
    except msgspec.ValidationError:
        return Unknown(kind, value)


def encode(body: Any) -> bytes:
    """Return the bytes of a body as they are stored."""
    return msgspec.json.encode(body, enc_hook=plain_value)


def raw(body: Any) -> Raw:
    """Return a body's fields or struct as the JSON of a record. Raise the encoder's errors."""
    return Raw(encode(body))


def plain(body: Any) -> dict[str, Any]:
    """Return a body, or anything else with reasons and channel names, as plain JSON values."""
    found: dict[str, Any] = msgspec.to_builtins(body, enc_hook=plain_value)
    return found


def plain_value(value: Any) -> Any:
    """Return the plain form of one of the project's types; msgspec's `enc_hook`."""
    if isinstance(value, Reason):
        return value.builtins()
    if isinstance(value, ChannelName):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is nothing that a record holds")


def restore(kind: type, value: Any) -> Any:
    """Return one of the project's types from its plain form; msgspec's `dec_hook`."""
    if kind is Reason:
        return restored(value)
    if kind is ChannelName:
        return ChannelName.parse(value)
    raise NotImplementedError(f"{kind.__name__} is nothing that a record holds")
