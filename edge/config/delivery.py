"""Channels by which people are notified: robots in group chats, an SMS or voice gateway's webhook, mail.

Hubs and stations share these sections; a station also configures whom it notifies itself, and when.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from drivers.errors import SettingError
from drivers.paths import FilePath
from drivers.reason import Reason
from edge.config.base import MAIL_ADDRESS, MAIL_URL, PHONE, HourMinute, Name, Section
from edge.config.errors import BAD_MAIL_URL
from edge.config.web_address import BaseAddress, HeaderName, SuccessValue, WebAddress, url_parts
from edge.records.people import PERSON

NO_HOURS = Reason("no_hours", "begin and end are the same; leave hours out for all day")
URL_PASSWORD = Reason("url_password", "no password belongs here: put it into a file and name that in password_file")
WECOM = "https://qyapi.weixin.qq.com"
DINGTALK = "https://oapi.dingtalk.com"


class ChannelSection(Section):
    """What all channels have. `timeout_s`: for one message in all."""

    name: Name
    timeout_s: float = Field(default=8.0, ge=1, le=20)

    @property
    def wakes(self) -> bool:
        """Return whether it wakes a sleeper."""
        return False


class RobotSection(ChannelSection):
    """A robot of a group chat. `key_file` holds its key, or its whole URL."""

    key_file: FilePath
    ca_file: FilePath | None = None


class WeCom(RobotSection):
    """A WeCom robot."""

    kind: Literal["wecom"]
    base_url: BaseAddress = WECOM


class DingTalk(RobotSection):
    """A DingTalk robot; `secret_file` contains its signing secret ("SEC..."), if it uses signatures."""

    kind: Literal["dingtalk"]
    base_url: BaseAddress = DINGTALK
    secret_file: FilePath | None = None


class Webhook(ChannelSection):
    """A gateway that calls people or sends them an SMS: JSON is posted to `url`, once per person.

    `calls`: it wakes people. `secret_file` contains the value of the header `secret_header`. Its answer must be JSON
    with `success_key` equal to `success_value`.
    """

    kind: Literal["webhook"]
    url: WebAddress
    calls: bool = True
    secret_file: FilePath | None = None
    secret_header: HeaderName = "Authorization"
    success_key: str = Field(default="code", min_length=1)
    success_value: SuccessValue = 0
    ca_file: FilePath | None = None

    @property
    def wakes(self) -> bool:
        """Return whether it wakes a sleeper."""
        return self.calls


class Mail(ChannelSection):
    """Mail through the server at `url`; smtp:// uses STARTTLS if the server offers it, and requires it for a login.

    `sender`: the sender's address.
    """

    kind: Literal["mail"]
    url: str = Field(pattern=MAIL_URL)
    sender: str = Field(pattern=MAIL_ADDRESS)
    password_file: FilePath | None = None
    ca_file: FilePath | None = None

    @field_validator("url")
    @classmethod
    def _is_server(cls, url: str) -> str:
        if url_parts(url, BAD_MAIL_URL).password is not None:
            raise SettingError(URL_PASSWORD)
        return url


DeliveryChannel = Annotated[WeCom | DingTalk | Webhook | Mail, Field(discriminator="kind")]
CHANNELS: dict[str, type[WeCom] | type[DingTalk] | type[Webhook] | type[Mail]] = {
    "wecom": WeCom,
    "dingtalk": DingTalk,
    "webhook": Webhook,
    "mail": Mail,
}


class NotifySection(Section):
    """When a station with channels notifies people itself: `after_min` minutes after an alert without a receipt of the
    hub; at once if it has no broker.
    """

    after_min: float = Field(default=10.0, ge=1, le=120, strict=False)


class PersonSection(Section):
    """A person whom a station notifies itself. `channels`: names, none: all; `phone`, `mail`: where messages go.

    `hours`: between which, by the station's clock; frost alerts come at any hour.
    """

    name: str = Field(pattern=PERSON)
    phone: str | None = Field(default=None, pattern=PHONE)
    mail: str | None = Field(default=None, pattern=MAIL_ADDRESS)
    channels: tuple[Name, ...] = Field(default=(), max_length=16, strict=False)
    hours: tuple[HourMinute, HourMinute] | None = Field(default=None, strict=False)
    language: Literal["en", "zh"] = "zh"

    @field_validator("hours")
    @classmethod
    def _is_some_time(cls, hours: tuple[str, str] | None) -> tuple[str, str] | None:
        if hours is not None and hours[0] == hours[1]:
            raise SettingError(NO_HOURS)
        return hours
