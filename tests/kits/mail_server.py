"""A strict mail server on a socket (RFC 5321): encryption, login, greylisting, and what broken ones do.

`mode`: "ok", "grey" (450 at first), "full" (552), "gone" (no such user), "blocked" (no mail for anybody), "no-login"
(535), "hang" (no greeting), "garbage", "mute" (silence after the mail), "lost" (the connection ends after the mail).
What it has taken is in `mails`.
"""

from __future__ import annotations

import base64
import socketserver
import ssl
import subprocess
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

RCPT = {
    "grey": "450 4.2.0 greylisted, come again",
    "full": "552 full",
    "gone": "550 5.1.1 user unknown",
    "blocked": "554 5.7.1 relay access denied",
    "nobody": "550 5.1.8 sender address rejected",
}
USER, PASSWORD = "station", "öffne dich"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 and return it and its key."""
    found = folder / "mail.pem", folder / "mail.key"
    what = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=mail"]
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(found[1]), "-out", str(found[0])]
    subprocess.run(["openssl", "req", "-x509", *what, *more], check=True, capture_output=True)
    return found


class MailServer:
    """`tls`: "" (none), "starttls" or "smtps"; `login`: whether it wants one."""

    def __init__(self, folder: Path, tls: str = "", login: bool = False) -> None:
        self.mode, self.tls, self.login = "ok", tls, login
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.tries = 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca_file, key = certificate(folder)
        self.context.load_cert_chain(self.ca_file, key)
        server = self

        class Handler(Talking):
            of = server

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class Talking(socketserver.StreamRequestHandler):
    """One session."""

    of: MailServer

    def handle(self) -> None:
        """Speak until the other side ends."""
        self.of.tries += 1
        self.is_safe = self.of.tls == "smtps"
        try:
            if self.is_safe:
                self._encrypt()
            if self.of.mode == "hang":
                time.sleep(20)
            self._say("\x00\xff nonsense" if self.of.mode == "garbage" else "220 mail.invalid ESMTP")
            self.logged_in, self.to = False, ""
            while (line := self.rfile.readline(1000)) and self._answer(line):
                pass
        except (OSError, ssl.SSLError):
            return

    def _answer(self, line: bytes) -> bool:
        assert line.endswith(b"\r\n"), line
        word, _, rest = line.decode("ascii").strip().partition(" ")
        answers = {"EHLO": self._ehlo, "STARTTLS": self._starttls, "AUTH": self._auth, "MAIL": self._mail}
        more = {"RCPT": self._rcpt, "DATA": self._data}
        known = {**answers, **more}.get(word.upper())
        if known is None:
            self._say("221 bye" if word.upper() == "QUIT" else "502 not known")
            return word.upper() != "QUIT"
        return known(rest) is not False

    def _ehlo(self, _rest: str) -> None:
        offers = ["mail.invalid", *(["STARTTLS"] if self.of.tls == "starttls" and not self.is_safe else [])]
        offers += ["AUTH PLAIN"] if self.of.login and (self.is_safe or not self.of.tls) else []
        for offer in offers[:-1]:
            self._say(f"250-{offer}")
        self._say(f"250 {offers[-1]}")

    def _starttls(self, _rest: str) -> None:
        self._say("220 go ahead")
        self._encrypt()
        self.is_safe = True

    def _auth(self, rest: str) -> None:
        assert self.is_safe, "a password in the clear"
        _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        self.logged_in = (user, password) == (USER, PASSWORD) and self.of.mode != "no-login"
        self._say("235 welcome" if self.logged_in else "535 5.7.8 authentication failed")

    def _mail(self, _rest: str) -> None:
        self._say("250 ok" if self.logged_in or not self.of.login else "530 log in first")

    def _rcpt(self, rest: str) -> None:
        self.to = rest
        self._say("250 ok" if self.of.mode == "grey" and self.of.tries > 1 else RCPT.get(self.of.mode, "250 ok"))

    def _data(self, _rest: str) -> bool | None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline(1000)) != b".\r\n":
            assert line.endswith(b"\r\n") and line.isascii(), line  # 998 octets and CRLF; nobody offered 8BITMIME
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.of.raw.append(b"".join(lines))
        self.of.mails.append(message_from_bytes(self.of.raw[-1], policy=policy.default))
        if self.of.mode == "mute":
            time.sleep(20)
        if self.of.mode == "lost":
            return False
        self._say("250 2.0.0 queued as 1F2E")
        return None

    def _encrypt(self) -> None:
        safe: Any = self.of.context.wrap_socket(self.connection, server_side=True)
        self.connection = self.request = safe
        self.rfile, self.wfile = safe.makefile("rb"), safe.makefile("wb", 0)

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode("latin-1") + b"\r\n")
        self.wfile.flush()
