"""The address that a server listens on."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from drivers.reason import Reason, system_reason

MOST_PORT = 65535
VANISHED_MS = 60_000  # without acknowledgements, after which a client is gone: a phone out of range does not disconnect


class PortError(Exception):
    """It is impossible to listen on the address; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def address_of(listen: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:8080", "localhost:8080" or "[::]:8080". Raise ValueError."""
    host, _, port = listen.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if bare != "localhost" and (ip_address(bare).version == 6) == (bare == host):
        raise ValueError(listen)  # an IPv6 address is in brackets, and no other is
    if not (port.isascii() and port.isdecimal() and int(port[:6]) <= MOST_PORT):
        raise ValueError(listen)
    return bare, int(port)


def is_listen_address(listen: str) -> bool:
    """Return whether this is a valid address to listen on."""
    try:
        address_of(listen)
    except ValueError:
        return False
    return True


def listening(listen: str) -> socket.socket:
    """Return a socket that listens there. Raise PortError.

    Accepted connections have TCP_NODELAY. asyncio sets it only on sockets that name their protocol, which this one does
    not: the end of each response would otherwise wait some 40 ms for the browser to acknowledge its beginning. Vanished
    clients are dropped after VANISHED_MS, not after the quarter of an hour for which the kernel would retry.
    """
    host, port = address_of(listen)
    try:
        made = socket.create_server((host, port), family=family(host), backlog=128)
    except OSError as error:
        raise PortError(Reason("port_not_had", "{address}: {why}", address=listen, why=system_reason(error))) from None
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_MS)
    return made


def family(host: str) -> socket.AddressFamily:
    """Return the family of an address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
