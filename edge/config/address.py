"""The address of a broker: the parts of its URL, and the form shown to people (never with its password)."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import msgspec

PORTS = {"mqtt": 1883, "mqtts": 8883}  # IANA: mqtt, secure-mqtt


class AddressError(ValueError):
    """A broker's URL is invalid; the text says what would be right."""


class Address(msgspec.Struct, frozen=True):
    """A broker: host, port, whether it uses TLS, and the URL's login, if it has one."""

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: str | None = None

    @property
    def url(self) -> str:
        """The broker's URL without the login."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def parse(url: str) -> Address:
    """Return the parts of `mqtt://[user:password@]host[:port]` (mqtts for TLS). Raise AddressError."""
    right = "write mqtt://HOST:1883 or mqtts://HOST:8883"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressError(f"the broker's URL {_bare(url)!r} cannot be read ({error}): {right}") from None
    if parts.scheme not in PORTS or not is_host(parts.hostname) or parts.path.strip("/") or port == 0:
        raise AddressError(f"the broker's URL {_bare(url)!r} names no broker: {right}")
    username, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    return Address(parts.hostname or "", port or PORTS[parts.scheme], parts.scheme == "mqtts", username, password)


def is_host(name: str | None) -> bool:
    """Return whether this may be a host's name or address: not empty, without blanks and control characters."""
    return bool(name) and re.search(r"[\s\x00-\x1f]", name or "") is None


def _bare(url: str) -> str:
    """Return the URL without its login."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
