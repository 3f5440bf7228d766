"""Certificates: one that a device has signed itself, as cameras do, and those of an authority; servers with them."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from tests.kits.broker import takes, until


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
    _openssl("req", "-x509", *words, *files)
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return SelfSigned(certificate, key, sha256(der).hexdigest())


class Authority:
    """An authority of its own in a folder, whose certificates have the names and uses that a test wants."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.certificate, self._key = folder, folder / "ca.pem", folder / "ca.key"
        uses = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        files = ["-keyout", str(self._key), "-out", str(self.certificate)]
        _openssl("req", "-x509", "-newkey", *CURVE, "-nodes", "-days", "2", "-subj", "/CN=an authority", *uses, *files)

    def issued(
        self, names: str = "DNS:localhost,IP:127.0.0.1", kind: tuple[str, ...] = CURVE, more: str = ""
    ) -> tuple[Path, Path]:
        """Return a certificate for these names and its key; `more`: lines of its extensions."""
        place = Path(mkdtemp(dir=self.folder))
        key, request, extensions, certificate = (place / name for name in ("key.pem", "csr", "ext", "cert.pem"))
        extensions.write_text(f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n{more}\n")
        _openssl("req", "-newkey", *kind, "-nodes", "-subj", "/CN=x", "-keyout", str(key), "-out", str(request))
        signer = ["-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial", "-days", "2"]
        files = ["-extfile", str(extensions), "-in", str(request), "-out", str(certificate)]
        _openssl("x509", "-req", *signer, *files)
        return certificate, key


@contextmanager
def served(certificate: tuple[Path, Path], *words: str) -> Iterator[int]:
    """Give the port of a server of TLS, OpenSSL's own, with that certificate; `words` are further options of it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(certificate[0])]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(
        [*command, "-key", str(certificate[1]), *words], stdin=subprocess.PIPE, stdout=quiet, stderr=quiet
    )
    try:
        until(lambda: takes(port))
        yield port
    finally:
        server.kill()
        server.wait()


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
