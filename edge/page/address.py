"""The address that a server listens on."""

from __future__ import annotations

import socket


def address_of(listen: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:8080" or "[::]:8080"."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def family(host: str) -> socket.AddressFamily:
    """Return the family of an address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
