"""TLS with a broker, its files read anew at each connect, so that a renewed certificate needs no restart."""

from __future__ import annotations

import ssl

from edge.config.sections import BrokerSection


def context(broker: BrokerSection) -> ssl.SSLContext:
    """The authority that we trust (the system's without `ca_file`) and, where we have one, our certificate."""
    made = ssl.create_default_context(cafile=broker.ca_file)
    if broker.cert_file is not None:
        made.load_cert_chain(broker.cert_file, broker.key_file)
    return made


def wrong_files(broker: BrokerSection, error: OSError | ValueError) -> str:
    """The sentence for files that cannot be read, or are not what they should be."""
    files = ", ".join(f for f in (broker.ca_file, broker.cert_file, broker.key_file) if f)
    if isinstance(error, ssl.SSLError) or (isinstance(error, OSError) and error.filename is None and files):
        return f"{files}: one is not there, or not the certificate or key in PEM that it should be ({error})"
    if isinstance(error, OSError):
        return f"{error.filename or broker.password_file} cannot be read: {error.strerror}"
    return f"{broker.password_file or files}: not the text that it should be ({error})"
