"""`[[forward]]`: another platform that receives the records too, and the format for it."""

import difflib
import string
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from drivers.errors import SettingError
from drivers.paths import FilePath
from drivers.quantity import QUANTITIES
from drivers.reason import Reason
from edge.config.address import AddressError, parse
from edge.config.base import BROKER_URL, Name, Section
from edge.config.errors import BAD_BROKER
from edge.config.web_address import HeaderName, SuccessValue, WebAddress
from edge.records.channel_name import ChannelName

HEAD = ("station", "time", "start_us", "epoch", "seq", "revision", "clock", "clock_error_s")  # of an mqtt-json message
PROBES = ("air_temperature", "air_temperature.top", "air_temperature.top-2", "wind_speed.top")
NO_TEMPLATE = Reason("no_template", "only {fields} may be used in braces here", fields="")
NO_TOPIC = Reason("no_publish_topic", "must be a topic to publish to: not empty, no + or #, no $ at its beginning")
NO_STATIONS = Reason("no_stations", "names no station: leave it out for all of them")
OWN_HEADER = Reason("own_header", "each request has this header already: choose another, such as Authorization")
NEAR_QUANTITY = Reason("near_quantity", 'there is no quantity "{name}"; did you mean "{near}"?', name="", near="")
OWN_HEADERS = (
    *("host", "content-type", "content-length", "transfer-encoding", "accept", "accept-encoding", "idempotency-key"),
    *("connection", "user-agent", "expect", "te", "trailer", "upgrade"),
)
FIELDS_COLLIDE = Reason(
    "fields_collide",
    'two fields would have the same name "{name}": {first} and {second}; each needs its own',
    name="",
    first="",
    second="",
)


class ForwardSection(Section):
    """What all destinations have. `stations`: only these; none: all.

    `every_min`: minutes gathered for one request, or for one series of messages; 0: each at once. `timeout_s`: for one
    request, or for the acknowledgements of one series; `retry_max_s`: the longest pause after a failure.
    """

    name: Name
    stations: tuple[Name, ...] = Field(default=(), strict=False)  # a file has lists
    ca_file: FilePath | None = None
    every_min: int = Field(default=0, ge=0, le=1440)
    timeout_s: float = Field(default=30.0, ge=1, le=600)
    retry_max_s: float = Field(default=600.0, ge=1, le=3600)

    @field_validator("stations")
    @classmethod
    def _names_any(cls, stations: tuple[str, ...]) -> tuple[str, ...]:
        if not stations:
            raise SettingError(NO_STATIONS)
        return stations


class HttpJson(ForwardSection):
    """POST batches of records as JSON to `url`.

    `secret_file` contains the value of the header `secret_header`. `batch`: records in one request. `events`: send
    records other than minutes too. If `success_key` is given, an answer must be JSON with it equal to `success_value`.
    """

    kind: Literal["http-json"]
    url: WebAddress
    secret_file: FilePath | None = None
    secret_header: HeaderName = "Authorization"
    batch: int = Field(default=200, ge=1, le=1000)
    events: bool = False
    success_key: str | None = Field(default=None, min_length=1)
    success_value: SuccessValue = 0

    @field_validator("secret_header")
    @classmethod
    def _is_another(cls, header: str) -> str:
        if header.lower() in OWN_HEADERS:
            raise SettingError(OWN_HEADER)
        return header


class MqttJson(ForwardSection):
    """Publish each minute as one flat JSON object over MQTT 3.1.1.

    `topic` may contain {station}. `value_name` is the field name of a value, `quality_name` that of its quality word;
    both may contain {channel}, {quantity} and {sensor}; `names` replaces {channel} by another name.
    """

    kind: Literal["mqtt-json"]
    url: str = Field(pattern=BROKER_URL)
    topic: str = Field(default="minshan-json/{station}", max_length=1024)
    username: str | None = None
    password_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    client_id: str = Field(default="", max_length=128)
    names: dict[str, Annotated[str, Field(min_length=1, max_length=128)]] = Field(default={})
    value_name: str = Field(default="{channel}", validate_default=True)
    quality_name: str = Field(default="{channel}_quality", validate_default=True)

    @field_validator("url")
    @classmethod
    def _is_broker(cls, url: str) -> str:
        try:
            parse(url)
        except AddressError:
            raise SettingError(BAD_BROKER) from None
        return url

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, topic: str) -> str:
        check_template(topic, ("station",))
        if not topic or topic.startswith("$") or any(sign in topic for sign in "+#\0"):
            raise SettingError(NO_TOPIC)
        return topic

    @field_validator("names")
    @classmethod
    def _are_of_quantities(cls, names: dict[str, str]) -> dict[str, str]:
        for quantity in (ChannelName.parse(name).quantity for name in names):
            near = difflib.get_close_matches(quantity, QUANTITIES, 1, 0.8)
            if quantity not in QUANTITIES and near:  # one unlike all may be a newer station's
                raise SettingError(NEAR_QUANTITY.having(name=quantity, near=near[0]))
        told = dict[str, str]()
        for channel, name in names.items():
            if name in told:
                raise SettingError(FIELDS_COLLIDE.having(name=name, first=told[name], second=channel))
            told[name] = channel
        return names

    @field_validator("value_name", "quality_name")
    @classmethod
    def _is_template(cls, template: str, info: ValidationInfo) -> str:
        check_template(template, ("channel", "quantity", "sensor"))
        if {"names", "value_name"} - info.data.keys() <= {info.field_name}:  # otherwise those are reported
            before = [info.data[name] for name in ("value_name",) if name in info.data]
            tell_apart(info.data["names"], *before, template)
        return template


def field_names(channel: str, names: dict[str, str], *templates: str) -> tuple[str, ...]:
    """Return the names of a channel's fields, one for each template (value, quality)."""
    parts = ChannelName.parse(channel)
    words = {"channel": names.get(channel, channel), "quantity": parts.quantity, "sensor": parts.sensor}
    return tuple(template.format(**words) for template in templates)


def tell_apart(names: dict[str, str], *templates: str) -> None:
    """Check that these templates (value, quality) give each field a unique name. Raise SettingError."""
    taken = {name: name for name in HEAD}
    for channel in dict.fromkeys((*PROBES, *names)):
        for name in field_names(channel, names, *templates):
            if name in taken:
                raise SettingError(FIELDS_COLLIDE.having(name=name, first=taken[name], second=channel))
            taken[name] = channel


Forward = HttpJson | MqttJson
FORWARDS: dict[str, type[HttpJson] | type[MqttJson]] = {"http-json": HttpJson, "mqtt-json": MqttJson}


def check_template(template: str, known: tuple[str, ...]) -> None:
    """Check that only these names are used in braces. Raise SettingError."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        parts = [("", "?", "", None)]
    for _text, name, form, conversion in parts:
        if name is not None and (name not in known or form or conversion):
            raise SettingError(NO_TEMPLATE.having(fields=", ".join(f"{{{one}}}" for one in known)))
