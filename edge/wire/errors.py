"""What can be wrong with a broker, as one sentence each that names the broker and what would be right."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

from edge.clock.clock import system_utc
from edge.config.address import Address

log = logging.getLogger("minshan.uplink")
EXPIRED, NOT_YET, NAME_DIFFERS = 10, 9, 62  # X509_V_ERR_... of OpenSSL's x509_vfy.h
# A certificate's validity, DER (RFC 5280, 4.1.2.5): two times side by side, UTCTime or GeneralizedTime.
TIME = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
VALIDITY = re.compile(TIME + TIME)


class LinkError(Exception):
    """No link to the broker, or none any more; `str` is the sentence.

    `login`: it refused who we are. `garbled`: it sent what cannot be read.
    """

    def __init__(self, sentence: str, login: bool = False, garbled: bool = False) -> None:
        super().__init__(sentence)
        self.login = login
        self.garbled = garbled


class Said:
    """The present trouble, with a line in the log when it changes."""

    def __init__(self) -> None:
        self.now: str | None = None

    def say(self, trouble: str | None) -> None:
        """Set the present trouble; None: there is none."""
        if trouble == self.now:
            return
        self.now = trouble
        if trouble is None:
            log.info("what is sent is taken again")
        else:
            log.warning("%s", trouble)


class ProtocolError(LinkError):
    """The broker does not speak the protocol version that we asked for."""


def of_connecting(address: Address, error: OSError) -> LinkError:
    """Return the sentence for what kept us from a connection."""
    where = address.shown
    if isinstance(error, ssl.SSLCertVerificationError):
        return LinkError(_certificate(address, error))
    if isinstance(error, socket.gaierror):
        return LinkError(f"the name {address.host} is not found: is there a network, is the name right?")
    if isinstance(error, ConnectionRefusedError):
        return LinkError(f"{where} refuses connections: is the broker running, is the port right?")
    if isinstance(error, TimeoutError):
        return LinkError(f"{where} does not answer: is there a network, is the address right?")
    if isinstance(error, ssl.SSLError):
        return LinkError(_tls(address, error))
    return LinkError(f"{where} cannot be reached: {error.strerror or error}")


def of_certificate_file(path: str) -> str | None:
    """Return what is wrong with the dates of our own certificate; None where nothing is, or nothing can be told."""
    try:
        dates = validity(ssl.PEM_cert_to_DER_cert(_first_certificate(Path(path).read_text("ascii"))))
    except (OSError, ValueError):
        return None
    if dates is None or dates[1] > _now():
        return None
    return f"this station's certificate {path} has run out on {dates[1]:%Y-%m-%d}: put a new one there"


def validity(der: bytes) -> tuple[datetime, datetime] | None:
    """From when until when a DER certificate is valid, UTC; None where its dates are not found."""
    found = VALIDITY.search(der)
    if found is None:
        return None
    try:
        return _time(found[1], found[2]), _time(found[3], found[4])
    except ValueError:
        return None


def _certificate(address: Address, error: ssl.SSLCertVerificationError) -> str:
    where, dates = address.shown, _dates_shown(address)
    if error.verify_code == EXPIRED:
        when = f" on {dates[1]:%Y-%m-%d}" if dates and dates[1] <= _now() else ""
        return f"the certificate of {where} has run out{when}: the broker needs a new one"
    if error.verify_code == NOT_YET:
        when = f" before {dates[0]:%Y-%m-%d}" if dates else " yet"
        return f"the certificate of {where} is not valid{when}: is this box's date right ({_now():%Y-%m-%d})?"
    if error.verify_code == NAME_DIFFERS:
        return f"the certificate of {where} is another host's: write the host's name as the certificate has it"
    return f"the certificate of {where} is not trusted ({error.verify_message}): name its authority in ca_file"


def _tls(address: Address, error: ssl.SSLError) -> str:
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "wrong version number" in reason or "record layer" in reason:
        return f"{address.shown} does not speak TLS there: write mqtt:// instead, or the port that does"
    return f"TLS with {address.shown} fails ({reason}): look at ca_file, cert_file and key_file"


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
