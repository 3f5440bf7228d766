"""Notes on a [broker] section that is valid but has drawbacks."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

from edge.language.texts import _

if TYPE_CHECKING:
    from edge.config.sections import BrokerSection


def notes(section: BrokerSection) -> Iterator[tuple[str, str]]:
    """Yield each sentence with its remedy."""
    yield from readable("[broker]", section.url)
    if section.proof == "broker":
        yield (
            _('proof: with "broker" data count as sent when the broker has them; what it drops is lost'),
            _('Write proof = "committed" in [broker] and let the platform give receipts, as `minshan watch` does.'),
        )


def readable(name: str, url: str) -> Iterator[tuple[str, str]]:
    """Yield a warning with its remedy where the connection to a broker is not encrypted."""
    from edge.config.address import parse

    address = parse(url)
    if not address.tls and not here(address.host):
        said = _("{name}: the connection to {broker} is not encrypted, nor is the password")
        yield (
            said.format(name=name, broker=address.url),
            _("Set up TLS on the broker and write mqtts:// (docs/broker.md says how)."),
        )


def here(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
