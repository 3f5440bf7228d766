"""A certificate that a device has signed itself, as cameras do."""

from __future__ import annotations

import ssl
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple


class SelfSigned(NamedTuple):
    """The files of a certificate and its key, and its SHA-256 fingerprint, hex."""

    certificate: Path
    key: Path
    fingerprint: str


CURVE = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def self_signed(folder: Path, kind: tuple[str, ...] = CURVE, names: str = "") -> SelfSigned:
    """Make a certificate of `CN=camera` in the folder.

    `kind` is that of its key, as openssl names it; `names` are its other names ("DNS:..., IP:...").
    """
    key, certificate = folder / "key.pem", folder / "cert.pem"
    words = ["-newkey", *kind, "-nodes", "-days", "2", "-subj", "/CN=camera"]
    words += ["-addext", f"subjectAltName={names}"] if names else []
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *words, *files], check=True, capture_output=True)
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return SelfSigned(certificate, key, sha256(der).hexdigest())
