"""Errors of a broker connection: reasons that name the broker and the remedy."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Sequence

from drivers.reason import NO_TLS_THERE, Reason, system_reason
from drivers.tls import EXPIRED, NOT_YET
from edge.config.address import Address
from edge.wire.certificates import dates_shown, distrusted

log = logging.getLogger("minshan.uplink")


class LinkError(Exception):
    """There is no link to the broker, or it has ended; `reason` says why.

    `login`: the broker refused the login. `garbled`: it sent an unreadable packet.
    """

    def __init__(self, reason: Reason, login: bool = False, garbled: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.login = login
        self.garbled = garbled


class LoggedTrouble:
    """The current trouble, logged when it changes."""

    def __init__(self) -> None:
        self.now: Reason | None = None

    def set(self, reason: Reason | None) -> None:
        """Set the current trouble; None: there is none."""
        if reason == self.now:
            return
        self.now = reason
        if reason is None:
            log.info("messages are accepted again")
        else:
            log.warning("%s", reason)


class ProtocolError(LinkError):
    """The broker does not support the requested protocol version."""


def of_connecting(address: Address, error: OSError) -> LinkError:
    """Return why connecting failed."""
    where = address.url
    if isinstance(error, ssl.SSLCertVerificationError):
        dates = dates_shown(address) if error.verify_code in (EXPIRED, NOT_YET) else None
        return LinkError(distrusted(where, error, dates))
    if isinstance(error, socket.gaierror):
        return LinkError(
            Reason(
                "broker_name", "the name {host} is not found: is there a network, is the name right?", host=address.host
            )
        )
    if isinstance(error, ConnectionRefusedError):
        return LinkError(
            Reason(
                "broker_refuses_connections",
                "{where} refuses connections: is the broker running, is the port right?",
                where=where,
            )
        )
    if isinstance(error, TimeoutError):
        return LinkError(
            Reason("broker_silent", "{where} does not answer: is there a network, is the address right?", where=where)
        )
    if isinstance(error, ssl.SSLError):
        return LinkError(_tls(address, error))
    if isinstance(error, ConnectionResetError) and address.tls:  # a broker without TLS resets at a TLS hello
        return LinkError(_no_tls(where))
    return LinkError(
        Reason("broker_unreachable", "{where} cannot be reached: {why}", where=where, why=system_reason(error))
    )


def broken(where: str) -> Reason:
    """Return the reason for a connection that ended without a stated cause."""
    return Reason("connection_broke", "the connection to {where} broke", where=where)


def may_not_read(topics: Sequence[str]) -> Reason:
    """Return the reason for a refused subscription."""
    return Reason("may_not_read", "the broker does not let this login read {topics}", topics=", ".join(topics))


def _tls(address: Address, error: ssl.SSLError) -> Reason:
    if error.reason in NO_TLS_THERE:
        return _no_tls(address.url)
    return Reason(
        "tls_fails",
        "TLS with {where} fails ({why}): look at ca_file, cert_file and key_file",
        where=address.url,
        why=error.reason or f"SSL_ERROR_{error.errno}",
    )


def _no_tls(where: str) -> Reason:
    return Reason(
        "no_tls_there", "{where} does not speak TLS there: write mqtt:// instead, or the port that does", where=where
    )
