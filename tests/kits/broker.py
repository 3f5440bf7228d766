"""A real Mosquitto for tests: on a free port, started, stopped, killed, frozen; with logins; with TLS."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.config.sections import BrokerSection
from tests.kits.real_parts import missing

READY = 5.0  # s
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something holds; fails where it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.02)


@dataclass(frozen=True)
class Certificates:
    """An authority and a certificate for 127.0.0.1 that it signed."""

    authority: Path
    certificate: Path
    key: Path

    def lines(self) -> str:
        """Return the lines of a configuration that shows it."""
        return f"cafile {self.authority}\ncertfile {self.certificate}\nkeyfile {self.key}"


RUNNING: set[Broker] = set()  # what is started and not ended yet


class Broker:
    """One Mosquitto; its port stays the same over restarts.

    `extra`: lines of its configuration; `queue`: messages that it keeps for one that is away (0: any number).
    """

    def __init__(
        self,
        folder: Path,
        extra: str = "",
        persistent: bool = False,
        tls: Certificates | None = None,
        queue: int = 0,
    ) -> None:
        self.program = shutil.which("mosquitto", path=PATH)
        if self.program is None:
            missing("mosquitto")
        self.folder = folder
        self.port = free_port()
        self._tls = tls
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if 'password_file' in extra else 'true'}",
            f"max_queued_messages {queue}",
            "set_tcp_nodelay true",
            f"persistence {'true' if persistent else 'false'}",
            f"persistence_location {folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            "user root" if os.geteuid() == 0 else "",
            extra,
            "" if tls is None else tls.lines(),
        ]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(lines) + "\n")

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'mqtt' if self._tls is None else 'mqtts'}://127.0.0.1:{self.port}"

    def section(self, **more: object) -> BrokerSection:
        """Return its section of a station's file; its acknowledgement is proof, because most tests have no platform."""
        trusted = {} if self._tls is None else {"ca_file": str(self._tls.authority)}
        return BrokerSection.model_validate({"url": self.url, "proof": "broker", **trusted, **more})

    @property
    def pid(self) -> int:
        """Its process, which runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> int | None:
        """Its process; None where it does not run."""
        return None if self._process is None else self._process.pid

    def start(self) -> Broker:
        """Start it and wait until it takes connections."""
        assert self.program is not None
        self._process = subprocess.Popen(
            [self.program, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        RUNNING.add(self)
        until(lambda: takes(self.port), READY)
        return self

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it; nothing happens where it does not run."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(READY)
            self._process = None
            RUNNING.discard(self)

    def kill(self) -> None:
        """End it at once, whatever it has in hand."""
        self.stop(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hold its connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


def password_file(folder: Path, user: str, password: str) -> str:
    """Write a file of passwords. Return the lines of a configuration that requires this login."""
    tool = shutil.which("mosquitto_passwd", path=PATH)
    if tool is None:
        missing("mosquitto_passwd")
    file = folder / "passwords"
    subprocess.run([tool, "-b", "-c", str(file), user, password], check=True, capture_output=True)
    file.chmod(0o644)
    return f"password_file {file}"


def certificates(folder: Path, days: int) -> Certificates:
    """Make certificates valid for so many days from now; a negative number: expired so many days ago."""
    authority, key, request, signed = (folder / n for n in ("ca.crt", "server.key", "server.csr", "server.crt"))
    authority_key, extension = folder / "ca.key", folder / "san.cnf"
    # From Python 3.13 on certificates are held to RFC 5280: an authority says what its key is for.
    extension.write_text(
        "subjectAltName=IP:127.0.0.1,DNS:localhost\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    )
    new = ["-newkey", "rsa:2048", "-nodes", "-subj"]
    own = [
        "-keyout",
        authority_key,
        "-out",
        authority,
        "-days",
        "30",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    ]
    _openssl("req", "-x509", *new, "/CN=test authority", *own)
    _openssl("req", *new, "/CN=127.0.0.1", "-keyout", key, "-out", request)
    now = time.time()
    begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(now + 86400 * d)) for d in (min(0, days) - 30, days))
    database = folder / "index.txt"
    database.write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nserial={folder}/serial\nnew_certs_dir={folder}\n"
        f"default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    _openssl(
        *("ca", "-batch", "-notext", "-config", folder / "ca.cnf", "-extfile", extension),
        *("-in", request, "-out", signed, "-cert", authority, "-keyfile", authority_key),
        *("-startdate", begin, "-enddate", end),
    )
    for file in (key, signed, authority):
        file.chmod(0o644)
    return Certificates(authority, signed, key)


def _openssl(*words: object) -> None:
    tool = shutil.which("openssl")
    if tool is None:
        missing("openssl")
    subprocess.run([tool, *map(str, words)], check=True, capture_output=True)


@contextmanager
def old_broker(folder: Path) -> Iterator[str]:
    """Give the URL of a broker that speaks MQTT 3.1.1 alone (amqtt, in a process of its own)."""
    port = free_port()
    config = folder / "amqtt.yaml"
    config.write_text(
        f"listeners:\n  default:\n    type: tcp\n    bind: 127.0.0.1:{port}\n"
        "plugins:\n  amqtt.plugins.authentication.AnonymousAuthPlugin:\n    allow_anonymous: true\n"
    )
    command = [sys.executable, "-c", "from amqtt.scripts.broker_script import main; main()", "-c", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: takes(port), 20)
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def takes(port: int) -> bool:
    """Return whether something takes connections at a port."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
