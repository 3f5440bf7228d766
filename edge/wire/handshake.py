"""Why a TLS handshake fails, each with a remedy: an old TLS, an unknown name, our own certificate refused.

The constants are OpenSSL's names of errors and of the alerts that the peer sends (RFC 8446, 6.2).
"""

from __future__ import annotations

import ssl

from drivers.reason import Reason
from edge.config.address import Address
from edge.config.sections import BrokerSection
from edge.wire import errors
from edge.wire.certificates import of_certificate_file
from edge.wire.errors import LinkError

OLD = ("TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "TLSV1_ALERT_INSUFFICIENT_SECURITY")
NAMELESS = ("TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME")
NOT_OURS = (
    *("TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_BAD_CERTIFICATE", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"),
    *("SSLV3_ALERT_CERTIFICATE_REVOKED", "SSLV3_ALERT_CERTIFICATE_EXPIRED", "SSLV3_ALERT_CERTIFICATE_UNKNOWN"),
    *("TLSV1_ALERT_ACCESS_DENIED", "TLSV1_ALERT_DECRYPT_ERROR"),
)
WANTED = ("SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV13_ALERT_CERTIFICATE_REQUIRED")


def of_connecting(broker: BrokerSection, address: Address, error: OSError) -> LinkError:
    """Return why connecting failed."""
    why = _alert(broker, address.url, error.reason or "") if isinstance(error, ssl.SSLError) else None
    return errors.of_connecting(address, error) if why is None else LinkError(why)


def closed_early(broker: BrokerSection, address: Address) -> Reason | None:
    """Return why a broker may close a TLS connection right after the handshake; None if TLS is not the cause."""
    if not address.tls:
        return None
    return _unwanted(address.url, broker.cert_file) if broker.cert_file else _wanted(address.url)


def _alert(broker: BrokerSection, where: str, name: str) -> Reason | None:
    if name in OLD:
        return Reason(
            "old_tls",
            "{where} speaks only an old TLS, which is no longer safe: its operator must allow TLS 1.2 or newer",
            where=where,
        )
    if name in NAMELESS:
        return Reason(
            "name_unknown_there",
            "{where} does not know this host name: write the name that its operator gives",
            where=where,
        )
    if broker.cert_file is not None and name in (*NOT_OURS, *WANTED):
        return of_certificate_file(broker.cert_file) or _unwanted(where, broker.cert_file)
    return _wanted(where) if name in WANTED else None


def _unwanted(where: str, file: str) -> Reason:
    return Reason(
        "certificate_unwanted",
        "{where} does not accept the certificate {file}: is it of an authority that it knows, and valid already?",
        where=where,
        file=file,
    )


def _wanted(where: str) -> Reason:
    return Reason(
        "certificate_wanted",
        "{where} ends the connection at its beginning: it seems to require a certificate (cert_file and key_file)",
        where=where,
    )
