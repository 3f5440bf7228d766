"""Explain what is wrong with a certificate: that of a broker or web server that is not trusted, or our own.

The numbers are OpenSSL's X509_V_ERR_... (x509_vfy.h).
"""

from __future__ import annotations

import re
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

from drivers.reason import Reason
from drivers.text_files import UTF_16, encoding_of
from drivers.tls import EXPIRED, NAME_DIFFERS, NOT_YET, distrust
from edge.clock.clock import system_utc
from edge.config.address import Address

UNFIT = (24, 26, 79)  # an invalid CA certificate, another purpose
WEAK = (66, 67, 68)  # a key or a digest that is too short
# A certificate's validity, DER (RFC 5280, 4.1.2.5): two times side by side, UTCTime or GeneralizedTime.
TIME = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
VALIDITY = re.compile(TIME + TIME)
# Other file formats, by their first elements: a SEQUENCE that begins with a version (PKCS #12: 3; a key: 0, or 1 of an
# elliptic curve), a content type (PKCS #7), or an encryption algorithm (a key's). X.690, RFC 2315, 5208, 7292.
LENGTH = rb"(?:[\x00-\x7f]|\x81.|\x82..)"
PKCS = rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"
OTHER_FORMS = (
    (
        rb"0" + LENGTH + rb"\x02\x01\x03",
        Reason("pkcs12", "{file} is a PKCS #12 file, not PEM: openssl pkcs12 -in {file} -nodes -out NEW-FILE", file=""),
    ),
    (
        rb"0" + LENGTH + PKCS + rb"\x07\x02",
        Reason(
            "pkcs7",
            "{file} is a PKCS #7 file, not PEM: openssl pkcs7 -inform der -print_certs -in {file} -out NEW-FILE",
            file="",
        ),
    ),
    (
        rb"0" + LENGTH + rb"(?:\x02\x01[\x00\x01]|0" + LENGTH + PKCS + rb"\x05)",
        Reason(
            "key_der",
            "{file} is a key in DER format, not PEM: openssl pkey -inform der -in {file} -out NEW-FILE",
            file="",
        ),
    ),
)
DER = b"\x30\x82"  # a SEQUENCE with two bytes of length (X.690, 8.1.3): each certificate is one
CERTIFICATE = frozenset(
    (
        "certificate_expired",
        "certificate_expired_on",
        "certificate_not_yet",
        "certificate_name",
        "certificate_unfit",
        "certificate_weak",
        "certificate_distrusted",
    )
)


def distrusted(
    where: str, error: ssl.SSLCertVerificationError, dates: tuple[datetime, datetime] | None = None
) -> Reason:
    """Return why a certificate is not trusted, and what to do; `dates`: its validity (first, last), if known."""
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
    if error.verify_code in UNFIT:
        return Reason(
            "certificate_unfit",
            "the certificate of {where} was issued for another purpose: the server needs one for servers",
            where=where,
        )
    if error.verify_code in WEAK:
        return Reason(
            "certificate_weak",
            "the certificate of {where} is too weak to be trusted: the server needs a new one (2048 bits, SHA-256)",
            where=where,
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


def of_certificate_file(path: str) -> Reason | None:
    """Return what is wrong with the dates of our own certificate; None if nothing is, or if it cannot be read."""
    try:
        dates = validity(ssl.PEM_cert_to_DER_cert(_first_certificate(Path(path).read_text("ascii"))))
    except (OSError, ValueError):
        return None
    if dates is None or dates[0] <= _now() < dates[1]:
        return None
    if _now() < dates[0]:
        return Reason(
            "own_certificate_not_yet",
            "the client certificate {path} is not valid before {date}: is this box's date right ({today})?",
            path=path,
            date=f"{dates[0]:%Y-%m-%d}",
            today=f"{_now():%Y-%m-%d}",
        )
    return Reason(
        "own_certificate_expired",
        "the client certificate {path} expired on {date}: put a new one there",
        path=path,
        date=f"{dates[1]:%Y-%m-%d}",
    )


def no_pem(path: str | None) -> Reason | None:
    """Return the format of a certificate or key that is not PEM, and the command that converts it.

    None if it is another file, or there is none. OpenSSL itself skips the byte order mark of UTF-8.
    """
    try:
        raw = Path(path or "").read_bytes()
    except OSError:
        return None
    if encoding_of(raw) == UTF_16:
        return Reason(
            "pem_utf_16",
            "{file} was saved in UTF-16, which OpenSSL does not read: iconv -f UTF-16 -t ASCII {file} > NEW-FILE",
            file=path or "",
        )
    if form := next((reason for begin, reason in OTHER_FORMS if re.match(begin, raw, re.DOTALL)), None):
        return form.having(file=path or "")
    if raw.startswith(DER) and validity(raw) is not None:
        return Reason(
            "certificate_der",
            "{file} is a certificate in DER format, not PEM: openssl x509 -inform der -in {file} -out NEW-FILE",
            file=path or "",
        )
    return None


def validity(der: bytes) -> tuple[datetime, datetime] | None:
    """Return the validity (first, last; UTC) of a DER certificate; None if its dates are not found."""
    found = VALIDITY.search(der)
    if found is None:
        return None
    try:
        return _time(found[1], found[2]), _time(found[3], found[4])
    except ValueError:
        return None


def dates_shown(address: Address) -> tuple[datetime, datetime] | None:
    """Return the validity of the certificate that the broker presents; nothing is sent to it."""
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
    """Return a UTCTime or GeneralizedTime; UTCTime's two-digit years from 50 on are 19xx (RFC 5280, 4.1.2.5.1)."""
    if long is None:
        century = b"19" if (short or b"") >= b"50" else b"20"
        long = century + (short or b"")
    return datetime.strptime(long.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.fromtimestamp(system_utc() / 1e6, UTC)
