"""hub.toml: a `HubConfig`, or a ConfigError that lists all mistakes at once, as for a station's file."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from drivers.errors import SettingError
from drivers.paths import FilePath, FolderPath, file, possible
from drivers.reason import Reason
from edge.config.across import broker_complete, files_fit, rows
from edge.config.base import HTTP_URL, HUB_NAME, PUBLIC_URL, MonthDay, Name, Section, Title
from edge.config.delivery import CHANNELS, DeliveryChannel
from edge.config.errors import FORMS, STATIONS_FILE, ConfigError, Mistake
from edge.config.file import DraftConfig, of_kinds, read
from edge.config.forward import FORWARDS, Forward
from edge.config.sections import BrokerSection
from edge.config.slips import decoded
from edge.config.web_address import url_parts, web_address
from edge.files import read_password
from edge.page.address import is_listen_address
from hub.database.engine import NO_ADDRESS, SQLITE, file_of

UNSAFE = Reason(
    "http_unsafe",
    "passwords would cross the network unencrypted: set cert_file and key_file, or behind_proxy, or "
    "insecure = true if that is intended",
)
BAD_LISTEN = Reason("bad_listen", "must be an address of this machine and a port, such as 127.0.0.1:8080 or [::]:8080")
HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:[0-9]{0,5})?")
BAD_PROXY = Reason("bad_proxy", "must be addresses or networks, such as 10.0.0.2 or 10.0.0.0/8")
HALF = Reason("half_certificate", "cert_file and key_file belong together")


class HubSection(Section):
    """`name` distinguishes its session at the broker from another hub's ("": the host's name)."""

    name: str = Field(default="", pattern=HUB_NAME)


class DatabaseSection(Section):
    """`url`: sqlite:///FILE or postgresql://user@host/name; a password in a file, or in the variable PGPASSWORD."""

    url: str = Field(min_length=1)
    password_file: FilePath | None = None

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if not is_database_address(url):
            raise SettingError(NO_ADDRESS)
        if url.startswith(SQLITE):
            file(possible(file_of(url)))
        return url


class PicturesSection(Section):
    """Where photos are stored; pending and set-aside messages are in folders beside it.

    Of full photos only the newest are kept: at most `keep_days` old, at most `keep_gb` (10^9 bytes) in all.
    """

    dir: FolderPath
    keep_days: int | None = Field(default=None, ge=1, le=36_500)
    keep_gb: float | None = Field(default=None, gt=0, le=1e6)


class HttpSection(Section):
    """The API and the page, served at `listen`, such as 127.0.0.1:8080; not served without this table.

    An address reachable from other machines requires a certificate (`cert_file`, `key_file`), or a proxy that has one
    (`behind_proxy`: its addresses, whose headers are trusted), or `insecure = true`, which accepts the risk.
    `public_url`: the address that people use.
    """

    listen: str = "127.0.0.1:8080"
    public_url: str | None = Field(default=None, pattern=PUBLIC_URL)
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    behind_proxy: list[str] = Field(default_factory=list)
    insecure: bool = False

    @field_validator("listen")
    @classmethod
    def _is_address(cls, listen: str) -> str:
        if not is_listen_address(listen):
            raise SettingError(BAD_LISTEN)
        return listen

    @field_validator("public_url")
    @classmethod
    def _has_host(cls, url: str | None) -> str | None:
        if url is not None:
            url_parts(url, FORMS[PUBLIC_URL])
        return url

    @field_validator("behind_proxy")
    @classmethod
    def _are_addresses(cls, proxies: list[str]) -> list[str]:
        if not all(map(is_network, proxies)):  # "*" would trust any client's headers
            raise SettingError(BAD_PROXY)
        return proxies

    @model_validator(mode="after")
    def _is_safe(self) -> HttpSection:
        host = self.listen.rpartition(":")[0].strip("[]")
        alone = host in ("localhost", "::1") or host.startswith("127.")
        if not (alone or self.cert_file or self.behind_proxy or self.insecure):
            raise SettingError(UNSAFE)
        if bool(self.cert_file) != bool(self.key_file):
            raise SettingError(HALF)
        return self


class AlarmsSection(Section):
    """How people are notified. `season`: first and last day of the frost season; `names`: display names of stations.

    `utc_offset_h`: hours of the people's clock ahead of UTC; `language`: of messages that have no known recipient.
    """

    utc_offset_h: float = Field(default=8.0, ge=-12, le=14)
    season: tuple[MonthDay, MonthDay] = Field(default=("03-01", "05-31"), strict=False)
    names: dict[Name, Title] = Field(default={})
    language: Literal["en", "zh"] = "zh"


class HeartbeatSection(Section):
    """`url` is requested once a minute while the alarms work; the other host notifies people when requests stop."""

    url: str = Field(pattern=HTTP_URL)

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        return web_address(url)


class HubConfig(Section):
    """The whole file. `forward`: other platforms that records are sent to; `channel`: how people are notified."""

    hub: HubSection = HubSection()
    broker: BrokerSection
    database: DatabaseSection
    pictures: PicturesSection
    forward: tuple[Forward, ...] = ()
    http: HttpSection | None = None
    alarms: AlarmsSection = AlarmsSection()
    channel: tuple[DeliveryChannel, ...] = ()
    heartbeat: HeartbeatSection | None = None

    @property
    def holder(self) -> str:
        """This hub's name in leases."""
        return self.hub.name or socket.gethostname()

    @property
    def password(self) -> str | None:
        """The database's password, read anew each time. Raise OSError."""
        file = self.database.password_file
        return None if file is None else read_password(Path(file))


def is_database_address(url: str) -> bool:
    """Return whether this can be a database's address; PostgreSQL may have several hosts, separated by commas."""
    if url.startswith(SQLITE):
        return bool(file_of(url))
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    hosts = parts.netloc.rpartition("@")[2].split(",")
    spaced = any(sign.isspace() for sign in url)
    return parts.scheme in ("postgresql", "postgres") and not spaced and all(map(HOST.fullmatch, hosts))


def is_network(text: str) -> bool:
    """Return whether this is an IP address or network."""
    try:
        return bool(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return False


def load(path: Path) -> HubConfig:
    """Return the file's configuration. Raise ConfigError, which names every mistake with its line."""
    text = decoded(str(path), read(path))
    if isinstance(text, Mistake):
        raise ConfigError([text])
    return checked(str(path), text)


def checked(file: str, text: str) -> HubConfig:
    """Return the configuration in a text that is, or will be, in `file`. Raise ConfigError as `load` does."""
    draft = DraftConfig(file, text)
    draft.is_of("database", "station", STATIONS_FILE)
    listed = {key: of_kinds(draft, key, kinds) for key, kinds in (("forward", FORWARDS), ("channel", CHANNELS))}
    files_fit(draft.wrong, rows(draft.tables, "forward"))
    rest = {key: value for key, value in draft.tables.items() if key not in listed}
    try:
        config = HubConfig.model_validate_json(json.dumps(rest, default=str), strict=True)
    except ValidationError as error:
        draft.refused((), error, HubConfig)
    broker_complete(draft.wrong, draft.tables.get("broker"))
    if draft.mistakes:
        raise ConfigError(sorted(draft.mistakes, key=lambda mistake: mistake.line or 0))
    return config.model_copy(update={key: tuple(found) for key, found in listed.items()})
