"""The guide to a broker of one's own: its commands are run as they stand there."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.data import CHECKOUT
from tests.kits.broker import Broker, Certificates


@pytest.mark.parametrize("guide", ["broker.md", "broker.zh-CN.md"])
def test_the_certificate_that_the_guide_makes_is_trusted(tmp_path: Path, guide: str) -> None:
    """A station of Debian 12 or 13 trusts a broker with it by its name and by its address, and by no other name.

    From Python 3.13 on certificates are held to RFC 5280 by default; here that is asked of each.
    """
    text = (CHECKOUT / "docs" / guide).read_text()
    commands = re.findall(r"^sudo (openssl .*?)$", text.replace("\\\n", " "), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        words = command.replace("203.0.113.7", "127.0.0.1")
        subprocess.run(["sh", "-c", words], cwd=tmp_path, check=True, capture_output=True)
    files = Certificates(tmp_path / "ca.crt", tmp_path / "broker.crt", tmp_path / "broker.key")
    broker = Broker(tmp_path, tls=files).start()
    try:
        for name in ("127.0.0.1", "farm.example"):
            greeted(broker.port, name, files.authority)
        with pytest.raises(ssl.SSLCertVerificationError):
            greeted(broker.port, "another.example", files.authority)
    finally:
        broker.stop()


def greeted(port: int, name: str, authority: Path) -> None:
    """Make a TLS connection to whom that name belongs. Raise SSLCertVerificationError where it is not trusted."""
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        context.wrap_socket(plain, server_hostname=name).close()
