"""What can be wrong with a broker: reasons that name the broker and what would be right."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from drivers.reason import NO_TLS_THERE, Reason, system_reason
from drivers.tls import EXPIRED, NAME_DIFFERS, NOT_YET, distrust
from edge.clock.clock import system_utc
from edge.config.address import Address

log = logging.getLogger("minshan.uplink")
OWN_CERTIFICATE = "own_certificate_expired"
# A certificate's validity, DER (RFC 5280, 4.1.2.5): two times side by side, UTCTime or GeneralizedTime.
TIME = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
VALIDITY = re.compile(TIME + TIME)


class LinkError(Exception):
    """No link to the broker, or none any more; `reason` says why.

    `login`: it refused who we are. `garbled`: it sent what cannot be read.
    """

    def __init__(self, reason: Reason, login: bool = False, garbled: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.login = login
        self.garbled = garbled


class LoggedTrouble:
    """The present trouble, with a line in the log when it changes."""

    def __init__(self) -> None:
        self.now: Reason | None = None

    def set(self, reason: Reason | None) -> None:
        """Set the present trouble; None: there is none."""
        if reason == self.now:
            return
        self.now = reason
        if reason is None:
            log.info("messages are accepted again")
        else:
            log.warning("%s", reason)


class ProtocolError(LinkError):
    """The broker does not speak the protocol version that we asked for."""


def of_connecting(address: Address, error: OSError) -> LinkError:
    """Return what kept us from a connection."""
    where = address.url
    if isinstance(error, ssl.SSLCertVerificationError):
        dates = _dates_shown(address) if error.verify_code in (EXPIRED, NOT_YET) else None
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
    if isinstance(error, ConnectionResetError) and address.tls:  # what a broker without TLS does with a greeting in it
        return LinkError(_no_tls(where))
    return LinkError(
        Reason("broker_unreachable", "{where} cannot be reached: {why}", where=where, why=system_reason(error))
    )


def broken(where: str) -> Reason:
    """Return that a connection ended and nobody said why."""
    return Reason("connection_broke", "the connection to {where} broke", where=where)


def may_not_read(topics: Sequence[str]) -> Reason:
    """Return that the broker refuses a subscription."""
    return Reason("may_not_read", "the broker does not let this login read {topics}", topics=", ".join(topics))


def of_certificate_file(path: str) -> Reason | None:
    """Return what is wrong with the dates of our own certificate; None where nothing is, or nothing can be told."""
    try:
        dates = validity(ssl.PEM_cert_to_DER_cert(_first_certificate(Path(path).read_text("ascii"))))
    except (OSError, ValueError):
        return None
    if dates is None or dates[1] > _now():
        return None
    return Reason(
        "own_certificate_expired",
        "this station's certificate {path} expired on {date}: put a new one there",
        path=path,
        date=f"{dates[1]:%Y-%m-%d}",
    )


def validity(der: bytes) -> tuple[datetime, datetime] | None:
    """From when until when a DER certificate is valid, UTC; None where its dates are not found."""
    found = VALIDITY.search(der)
    if found is None:
        return None
    try:
        return _time(found[1], found[2]), _time(found[3], found[4])
    except ValueError:
        return None


def distrusted(
    where: str, error: ssl.SSLCertVerificationError, dates: tuple[datetime, datetime] | None = None
) -> Reason:
    """Return why a certificate is not trusted, and what to do; `dates`: from when until when it is valid, if known."""
    if error.verify_code == EXPIRED:
        if dates is None or dates[1] > _now():
            return Reason(
                "certificate_expired", "the certificate of {where} has expired: the server needs a new one", where=where
            )
        return Reason(
            "certificate_expired_on",
            "the certificate of {where} expired on {date}: the server needs a new one",
            where=where,
            date=f"{dates[1]:%Y-%m-%d}",
        )
    if error.verify_code == NOT_YET:
        begin = (
            Reason("not_before", "before {date}", date=f"{dates[0]:%Y-%m-%d}") if dates else Reason("not_yet", "yet")
        )
        return Reason(
            "certificate_not_yet",
            "the certificate of {where} is not valid {when}: is this box's date right ({date})?",
            where=where,
            when=begin,
            date=f"{_now():%Y-%m-%d}",
        )
    if error.verify_code in NAME_DIFFERS:
        return Reason(
            "certificate_name",
            "the certificate of {where} is for another host: write the host's name as it is in the certificate",
            where=where,
        )
    return Reason(
        "certificate_distrusted",
        "the certificate of {where} is not trusted ({why}): set ca_file to its CA certificate",
        where=where,
        why=distrust(error.verify_code),
    )


CERTIFICATE = frozenset(
    (
        "certificate_expired",
        "certificate_expired_on",
        "certificate_not_yet",
        "certificate_name",
        "certificate_distrusted",
    )
)


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


def _dates_shown(address: Address) -> tuple[datetime, datetime] | None:
    """Return the dates of the certificate that the broker shows; nothing is sent to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address.host, address.port), timeout=3) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as shown,
        ):
            der = shown.getpeercert(binary_form=True)
    except OSError:
        return None
    return validity(der) if der else None


def _first_certificate(pem: str) -> str:
    begin, end = pem.index("-----BEGIN CERTIFICATE-----"), pem.index("-----END CERTIFICATE-----")
    return pem[begin:end] + "-----END CERTIFICATE-----\n"


def _time(short: bytes | None, long: bytes | None) -> datetime:
    """UTCTime has two digits of the year: 50 and more are of the last century (RFC 5280, 4.1.2.5.1)."""
    if long is None:
        century = b"19" if (short or b"") >= b"50" else b"20"
        long = century + (short or b"")
    return datetime.strptime(long.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.fromtimestamp(system_utc() / 1e6, UTC)
