"""The address that a server listens on."""

from __future__ import annotations

import socket
from ipaddress import ip_address

MOST_PORT = 65535


def address_of(listen: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:8080", "localhost:8080" or "[::]:8080". Raise ValueError where it is none."""
    host, _, port = listen.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if bare != "localhost" and (ip_address(bare).version == 6) == (bare == host):
        raise ValueError(listen)  # an IPv6 address stands in brackets, no other does
    if not (port.isascii() and port.isdecimal() and int(port[:6]) <= MOST_PORT):
        raise ValueError(listen)
    return bare, int(port)


def listening(listen: str) -> socket.socket:
    """Return the socket that listens there. Raise OSError where the port cannot be had.

    What it accepts sends at once. asyncio sees to that only of sockets that name their protocol, and this one does not:
    otherwise the end of each answer waits some 40 ms for the browser to acknowledge its beginning.
    """
    host, port = address_of(listen)
    made = socket.create_server((host, port), family=family(host), backlog=128)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def family(host: str) -> socket.AddressFamily:
    """Return the family of an address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
