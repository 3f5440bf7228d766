"""The sections of `station.toml`, strict: with an unknown key or a wrong type the station does not start.

`edge.config.file.load` reads a file into a `Config`; `edge.config.errors` turns mistakes into sentences.
"""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, GetPydanticSchema, model_validator
from pydantic_core.core_schema import is_instance_schema

from drivers.driver import DriverInfo
from drivers.errors import SettingError
from drivers.paths import FilePath, FolderPath, PathText
from drivers.reason import Reason
from edge.config.base import BROKER_URL, Fingerprint, HourMinute, LimitList, MonthDay, Name, Section, Title
from edge.config.delivery import NO_HOURS, DeliveryChannel, NotifySection, PersonSection
from edge.config.forward import Forward

ALERT_KINDS = ("above", "below", "falls", "crop", "lost")
NOT_ONE_KIND = Reason("alert_kind", "a rule has exactly one of {kinds}", kinds="")
WANTS_CHANNEL = Reason("alert_wants_channel", 'say which channel it watches, such as channel = "air_temperature"')
NO_CHANNEL = Reason("alert_no_channel", "this rule watches no channel: leave channel out")
NOT_COLDER = Reason(
    "alert_not_colder", "offset_k says how much colder the lowest corner is: it must be below 0, such as -2.0"
)
LOST_NONE = Reason("alert_lost_none", "lost counts silent sensors: its first limit must be 1 or more")
LIMITS_UNSORTED = Reason("alert_limits", "list the limits from the mildest to the worst, each once")
# Made by the catalog, so not validated: building its schema would take a tenth of the time to read a file.
LoadedDriver = Annotated[DriverInfo, GetPydanticSchema(lambda kind, _: is_instance_schema(kind))]
RemoteCommand = Literal["picture", "hello", "maintenance", "stage", "silence-horn"]


REMOTE: tuple[RemoteCommand, ...] = ("picture", "hello", "stage", "silence-horn")
EVERY_STATION = "all"  # in topics: minshan/1/all/rollcall
RESERVED = Reason("reserved_name", "no station may be called {name}: messages to all stations are", name="")


def own_name(name: str) -> str:
    """Return a station's name. Raise SettingError for the one that stands for every station."""
    if name == EVERY_STATION:
        raise SettingError(RESERVED.having(name=name))
    return name


class StationSection(Section):
    """The station's identity. `id` names its records and topics permanently.

    `language`: of its journal; None: the system's.
    """

    id: Annotated[Name, AfterValidator(own_name)]
    title: Title = ""
    language: Literal["en", "zh"] | None = None


class SiteSection(Section):
    """The site: degrees of `datum`, metres above sea level, hours ahead of UTC, the crop.

    `season_begins`: month and day from which chill and warmth are counted; 1 November by default (south of the equator
    1 May). `assumed`: what was not given to `minshan init`, which then wrote Maoxian's.
    """

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    datum: Literal["WGS-84", "CGCS2000", "GCJ-02"] = "WGS-84"
    altitude_m: float = Field(ge=-430, le=5500)
    utc_offset_h: float = Field(default=8.0, ge=-12, le=14)
    crop: str = ""
    season_begins: MonthDay | None = None
    assumed: tuple[Literal["latitude", "longitude", "altitude"], ...] = ()


class StateSection(Section):
    """Where the station stores its data, and how many megabytes of records and pictures it may store."""

    dir: FolderPath
    records_mb: int = Field(default=1000, ge=10)
    pictures_mb: int = Field(default=4000, ge=10)
    archive_days: int = Field(default=365, ge=1)


class BrokerSection(Section):
    """Where records are sent. `url`: mqtt://host:1883 or mqtts://host:8883, the login in it or beside it.

    `proof`: what proves that records have arrived: "committed" (the platform's receipt that they are on its disk) or
    "broker" (the broker's acknowledgement; what it drops while the platform is offline is lost). `protocol`: 5 unless
    the broker supports only 3.1.1 ("auto" tries 5 first). `contract`: the newest version of the wire contract to send;
    2 (minutes in columns) once the platform has stated that it reads it. `live_every_min`: minutes in a live message;
    an alert sends all pending ones at once. `keepalive_s`: silence after which a PINGREQ is sent, a fifth of a
    kilobyte: mobile networks drop a connection that is silent for 5 min.
    """

    url: str = Field(pattern=BROKER_URL)
    username: str | None = None
    password: str | None = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    proof: Literal["broker", "committed"] = "committed"
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    contract: Literal[1, 2] = 2
    live_every_min: Literal[1, 5, 10] = 1
    keepalive_s: int = Field(default=270, ge=5, le=3600)
    retry_max_s: float = Field(default=120.0, ge=1, le=3600)


class RainCorrection(Section):
    """A gauge's own calibration: rate_true = a * rate^b (mm/h), made on `date`; `source`: a person or a certificate."""

    a: float = Field(gt=0.5, lt=2.0)
    b: float = Field(default=1.0, gt=0.5, lt=1.5)
    date: datetime.date
    source: str = Field(min_length=1)


class SensorSection(Section):
    """One sensor. Keys other than these are its driver's own (`minshan sensors` lists them).

    `primary` marks the sensor that owns the plain channel name of its quantities; without a mark the first
    one in the file does. `height_m` is metres above ground. `calibration` is free text with a date;
    `rain_correction` adds a corrected amount as a channel of its own; `heated` is a gauge that melts snow.
    """

    name: Name
    driver: str
    primary: bool | None = None
    height_m: float | None = Field(default=None, ge=-5, le=100)
    serial: str = ""
    calibration: str = ""
    rain_correction: RainCorrection | None = None
    heated: bool = False
    # Set by the loader from the driver's catalog entry and the remaining keys.
    info: LoadedDriver
    settings: Any


class CameraSection(Section):
    """One camera. `driver`: picamera, http or rtsp (with `url`). It takes pictures by day (sun up) unless `by_night`.

    `fingerprint`: SHA-256 of the camera's certificate, if no trusted CA has signed it (https and rtsps).
    """

    name: Name
    driver: Literal["picamera", "http", "rtsp"]
    url: str | None = None
    username: str | None = None
    password: str | None = None
    password_file: FilePath | None = None
    fingerprint: Fingerprint | None = None
    width: int = Field(default=2688, ge=160, le=8000)
    height: int = Field(default=1520, ge=120, le=6000)
    every_min: int = Field(default=60, ge=1, le=1440)
    by_night: bool = False


class AlertSection(Section):
    """One alert rule that the station evaluates itself. Exactly one of its kinds is given:

    `above` or `below`: limits of `channel`, from the first to the worst; `falls`: of `channel`, in its unit per hour;
    `crop`: frost by wet bulb and stage, `offset_k` colder in the block's lowest corner (below 0), with a warning
    `near_k` before; `lost`: the number of silent sensors. `hold_min` minutes in a row raise it; `clear_min` in a row,
    better by `clear_by`, end it. `season` and `hours` (by the station's clock) limit when it may be raised.
    """

    name: Name
    channel: str | None = None
    above: LimitList | None = None
    below: LimitList | None = None
    falls: LimitList | None = None
    crop: Literal["apple", "cherry", "plum", "loquat"] | None = None
    lost: LimitList | None = None
    offset_k: float = Field(default=0.0, ge=-10)
    near_k: float = Field(default=3.0, ge=0, le=10)
    hold_min: int = Field(default=3, ge=1, le=1440)
    clear_min: int = Field(default=10, ge=1, le=1440)
    clear_by: float | None = Field(default=None, ge=0)
    season: tuple[MonthDay, MonthDay] | None = Field(default=None, strict=False)
    hours: tuple[HourMinute, HourMinute] | None = Field(default=None, strict=False)

    @model_validator(mode="after")
    def _is_one_rule(self) -> Self:
        given = [key for key in ALERT_KINDS if getattr(self, key) is not None]
        if len(given) != 1:
            raise SettingError(NOT_ONE_KIND.having(kinds=", ".join(ALERT_KINDS)))
        wants_channel = given[0] in ("above", "below", "falls")
        if wants_channel is not (self.channel is not None):
            raise SettingError(WANTS_CHANNEL if wants_channel else NO_CHANNEL)
        limits = list(getattr(self, given[0])) if given[0] != "crop" else []
        if limits != sorted(set(limits), reverse=given[0] == "below"):
            raise SettingError(LIMITS_UNSORTED)
        if self.offset_k > 0:
            raise SettingError(NOT_COLDER)
        if self.lost is not None and self.lost[0] < 1:
            raise SettingError(LOST_NONE)
        if self.hours is not None and self.hours[0] == self.hours[1]:
            raise SettingError(NO_HOURS)
        return self


class HornSection(Section):
    """A relay for a horn: a GPIO line given as for contacts (`chip`, `line`), on at 0 V if it is `active_low`.

    It sounds while a rule of `rules` is open at step `from_step` or worse, `longest_on_s` at most, then pauses for
    `rest_s`. A contact on `button_line` silences it.
    """

    chip: PathText = "/dev/gpiochip0"
    line: int = Field(ge=0, le=511)
    active_low: bool = False
    longest_on_s: float = Field(default=180.0, ge=1, le=3600, strict=False)
    rest_s: float = Field(default=300.0, ge=1, le=86_400, strict=False)
    rules: tuple[Name, ...] = Field(min_length=1, max_length=64, strict=False)
    from_step: int = Field(default=2, ge=1, le=8)
    button_line: int | None = Field(default=None, ge=0, le=511)
    button_pull: Literal["up", "down", "off"] = "up"


class ClockSection(Section):
    """`trust_system_clock`: trust the system's time though nothing synchronises it (a wired test box)."""

    trust_system_clock: bool = False


class CommandsSection(Section):
    """`remote`: the commands allowed over the broker; never those that decide which receiver is trusted."""

    remote: tuple[RemoteCommand, ...] = Field(default=REMOTE, strict=False)  # a file has lists


class BudgetSection(Section):
    """The megabytes (10^6 bytes, as SIMs are sold) of a billing month, and the day on which it begins.

    docs/costs.md states what is thinned so that they last, and in which order.
    """

    mb_per_month: float = Field(ge=1, le=1_000_000, strict=False)
    billing_day: int = Field(default=1, ge=1, le=31)


class Config(Section):
    """The whole file. `forward`: other platforms that get the records too; `path`: where it was read from; `digest`:
    the SHA-256 of its bytes, hex.

    `channel`: how the station notifies people itself if its hub does not; `person`: whom. Defaults of absent sections
    are constructed without validation, so that pydantic need not build their schema.
    """

    station: StationSection
    site: SiteSection
    state: StateSection
    broker: BrokerSection | None = None
    budget: BudgetSection | None = None
    forward: tuple[Forward, ...] = ()
    sensor: tuple[SensorSection, ...] = ()
    camera: tuple[CameraSection, ...] = ()
    alert: tuple[AlertSection, ...] = Field(default=(), max_length=64)
    horn: HornSection | None = None
    notify: NotifySection = NotifySection.model_construct()
    channel: tuple[DeliveryChannel, ...] = Field(default=(), max_length=16)
    person: tuple[PersonSection, ...] = Field(default=(), max_length=64)
    clock: ClockSection = ClockSection.model_construct()
    commands: CommandsSection = CommandsSection.model_construct()
    path: str = ""
    digest: str = ""

    @property
    def state_dir(self) -> Path:
        """The folder of the store, the spool and the socket."""
        return Path(self.state.dir)

    @property
    def socket_path(self) -> Path:
        """The daemon's local socket."""
        return self.state_dir / "minshan.sock"

    def channels(self) -> dict[tuple[str, str], str]:
        """Map (sensor name, quantity) to its channel: the plain quantity for the primary sensor, else with its name."""
        return channel_names(self.sensor)


def channel_names(sensors: Sequence[SensorSection]) -> dict[tuple[str, str], str]:
    """Map (sensor name, quantity) to its channel; see `Config.channels`."""
    owners: dict[str, str] = {}
    for marked in (True, None):
        for sensor in sensors:
            if sensor.primary is marked:
                for channel in sensor.info.channels(sensor.settings):
                    owners.setdefault(channel.quantity, sensor.name)
    return {
        (sensor.name, channel.quantity): channel.quantity
        if owners.get(channel.quantity) == sensor.name
        else f"{channel.quantity}.{sensor.name}"
        for sensor in sensors
        for channel in sensor.info.channels(sensor.settings)
    }
