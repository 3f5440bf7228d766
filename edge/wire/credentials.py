"""Login and certificates for a broker; their files are read at each connect, so a renewed one needs no restart."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

from drivers.reason import Reason, system_reason
from edge.config.address import parse
from edge.config.sections import BrokerSection
from edge.files import read_password
from edge.wire.certificates import no_pem


def login(broker: BrokerSection) -> tuple[str | None, str | None]:
    """Return user and password; those of the section take precedence over those in the URL.

    Raise OSError if `password_file` cannot be read.
    """
    address = parse(broker.url)
    password = broker.password if broker.password is not None else address.password
    if broker.password_file is not None:
        password = read_password(Path(broker.password_file))
    return broker.username if broker.username is not None else address.username, password


def context(broker: BrokerSection) -> ssl.SSLContext:
    """Return the TLS context: the trusted CA (the system's without `ca_file`) and our certificate, if there is one.

    Raise OSError (ssl.SSLError), ValueError.
    """
    made = ssl.create_default_context(cafile=broker.ca_file)
    if broker.cert_file is not None:
        # Without a password OpenSSL would prompt for an encrypted key's on the terminal, at each connection.
        made.load_cert_chain(broker.cert_file, broker.key_file, password="")
    return made


def wrong_files(broker: BrokerSection, error: OSError | ValueError) -> Reason:
    """Return why the login or certificate files cannot be used."""
    if isinstance(error, ssl.SSLError) and (why := _of_key(broker, error)) is not None:
        return why
    named = tuple(f for f in (broker.ca_file, broker.cert_file, broker.key_file) if f)
    files = ", ".join(named)
    if isinstance(error, ssl.SSLError) and (forms := [why for file in named if (why := no_pem(file)) is not None]):
        return forms[0]
    if isinstance(error, ssl.SSLError) or (isinstance(error, OSError) and error.filename is None and files):
        return Reason(
            "no_pem_files",
            "{files}: a file is missing, or is not a certificate or key in PEM format ({why})",
            files=files,
            why=(isinstance(error, ssl.SSLError) and error.reason) or system_reason(error),
        )
    if isinstance(error, OSError):
        return Reason(
            "broker_file_unread",
            "{file} cannot be read: {why}",
            file=str(error.filename or broker.password_file),
            why=system_reason(error),
        )
    return Reason(
        "broker_file_no_text", "{file} is not in the expected text format", file=broker.password_file or files
    )


def _of_key(broker: BrokerSection, error: ssl.SSLError) -> Reason | None:
    """Return what is wrong with the key of a certificate; None if another file may be the cause."""
    certificate, key = broker.cert_file or "", broker.key_file or broker.cert_file or ""
    if error.reason == "KEY_VALUES_MISMATCH":
        return Reason(
            "key_of_another",
            "{key} is not the key of the certificate {certificate}: put the two that belong together there",
            key=key,
            certificate=certificate,
        )
    with suppress(OSError):
        if key and b"ENCRYPTED" in Path(key).read_bytes():
            return Reason(
                "key_encrypted",
                "{key} is encrypted, and nobody is there to type its password: openssl pkey -in {key} -out NEW-KEY",
                key=key,
            )
    return None
