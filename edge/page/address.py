"""The address that a server listens on."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from drivers.reason import Reason, system_reason

MOST_PORT = 65535
VANISHED_MS = 60_000  # after which who acknowledges nothing is gone: a phone out of range says no farewell


class PortError(Exception):
    """The address cannot be listened on; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def address_of(listen: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:8080", "localhost:8080" or "[::]:8080". Raise ValueError if it is none."""
    host, _, port = listen.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if bare != "localhost" and (ip_address(bare).version == 6) == (bare == host):
        raise ValueError(listen)  # an IPv6 address stands in brackets, no other does
    if not (port.isascii() and port.isdecimal() and int(port[:6]) <= MOST_PORT):
        raise ValueError(listen)
    return bare, int(port)


def is_listen_address(listen: str) -> bool:
    """Return whether that is an address to listen on."""
    try:
        address_of(listen)
    except ValueError:
        return False
    return True


def listening(listen: str) -> socket.socket:
    """Return the socket that listens there. Raise PortError if that cannot be had.

    What it accepts sends at once. asyncio sees to that only of sockets that name their protocol, and this one does not:
    otherwise the end of each answer waits some 40 ms for the browser to acknowledge its beginning. Who has vanished is
    let go after VANISHED_MS, not after the quarter of an hour for which the kernel would try.
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
