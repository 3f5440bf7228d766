"""Send mail through Python's smtplib, with one deadline for the whole exchange, which smtplib lacks."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from drivers.cameras.wire import CameraWire
from drivers.clock import Clock
from drivers.reason import Reason, printable, system_reason
from edge.config.delivery import Mail
from edge.delivery.message import Message, MessageFate, SendResult
from edge.delivery.webhook import MOST_TEXT
from edge.wire.certificates import distrusted
from edge.wire.post import RequestError, secret_of, trusting

NO_MAIL = Reason("no_mail_address", "{name} has no mail address", name="")
NOT_ENCRYPTED = Reason(
    "mail_in_the_clear", "{where} offers no encryption, and a password must not be sent unencrypted", where=""
)
GREETED, LOGGED_IN = 220, 235
# RFC 3463: this recipient's address or mailbox is at fault, permanently; X.1.7 and X.1.8 are about the sender's.
ADDRESS = re.compile(rb"5\.(1\.(?![78]\b)|2\.)")
SUBJECT = 120  # characters
WIRE = SMTP.clone(cte_type="7bit")  # CRLF line ends, and ASCII only, as not every server accepts more


class AddressError(smtplib.SMTPResponseException):
    """The server accepts mail, but not for this person."""


class MailSession(smtplib.SMTP):
    """A session with one deadline for all its waits; `left()` returns the seconds to it, or raises TimeoutError."""

    def __init__(self, host: str, trusted: ssl.SSLContext | None, left: Callable[[], float]) -> None:
        self._trusted, self._left, self._name = trusted, left, host
        super().__init__(timeout=left(), local_hostname="minshan.invalid")

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = socket.create_connection((host, port), self._left())
        if self._trusted is not None:
            plain = self._trusted.wrap_socket(plain, server_hostname=host)
        return CameraWire(plain, self._left)

    def encrypt(self, trusted: ssl.SSLContext) -> None:
        """Switch to TLS with STARTTLS. Raise OSError, SMTPException."""
        wire = cast("Any", self.sock)
        self.sock = wire._wire  # smtplib wraps the socket itself
        self._host = self._name
        self.starttls(context=trusted)
        self.sock = cast("Any", CameraWire(self.sock, self._left))

    def reach(self, port: int) -> None:
        """Connect and read the greeting. Raise OSError, SMTPException."""
        code, answer = self.connect(self._name, port)
        if code < 0:
            raise smtplib.SMTPException(answer)
        if code != GREETED:
            raise smtplib.SMTPResponseException(code, answer)

    def enter(self, user: str, password: str) -> None:
        """Log in, also with non-ASCII characters, which smtplib refuses. Raise OSError, SMTPException."""
        if f"{user}{password}".isascii():
            self.login(user, password)
            return
        said = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        code, answer = self.docmd("AUTH", f"PLAIN {said}")
        if code != LOGGED_IN:
            raise smtplib.SMTPAuthenticationError(code, answer)

    def address(self, sender: str, to: str) -> None:
        """Send the envelope. Raise SMTPResponseException; AddressError if the recipient is at fault."""
        code, answer = self.mail(sender)
        if code // 100 == 2:
            code, answer = self.rcpt(to)
            if ADDRESS.match(answer):
                raise AddressError(code, answer)
        if code // 100 != 2:
            raise smtplib.SMTPResponseException(code, answer)


class MailSender:
    """Sends by mail, one to each person: nobody sees another's address.

    `utc` returns the time in microseconds, 0 if it is unknown: then the server dates the mail (RFC 6409, 8.2).
    """

    wakes = False
    one_by_one = True
    most_a_minute: int | None = None

    def __init__(self, section: Mail, clock: Clock, utc: Callable[[], int]) -> None:
        self.name = section.name
        self._section, self._clock, self._utc = section, clock, utc
        self._server = urlsplit(section.url)

    def send(self, message: Message) -> SendResult:
        """Send a message to its only recipient."""
        (person,) = message.to
        if not person.mail:
            return SendResult(MessageFate.REFUSED, "", NO_MAIL.having(name=person.name))
        where = self._server.hostname or ""
        mail = self._written(message, person.mail)
        lines: list[str] = []
        try:
            self._sent(mail, person.mail, lines)
        except RequestError as error:
            return SendResult(MessageFate.REFUSED, "", error.reason)
        except AddressError as error:
            answer = printable(f"{error.smtp_code} {_text(error.smtp_error)}")
            why = Reason(
                "mail_address_refused",
                "{where} takes no mail for {name}: {said}",
                where=where,
                name=person.name,
                said=answer,
            )
            return SendResult(MessageFate.REFUSED, answer, why)
        except smtplib.SMTPResponseException as error:
            answer = printable(f"{error.smtp_code} {_text(error.smtp_error)}")
            fate = MessageFate.REFUSED if error.smtp_code >= 500 else MessageFate.FAILED
            return SendResult(
                fate, answer, Reason("mail_refused", "{where} refuses it: {said}", where=where, said=answer)
            )
        except (OSError, ValueError, smtplib.SMTPException) as error:
            return SendResult(MessageFate.UNKNOWN if lines else MessageFate.FAILED, "", self._why(error, where))
        return SendResult(MessageFate.DELIVERED, lines[-1])

    def _written(self, message: Message, to: str) -> EmailMessage:
        mail = EmailMessage(WIRE)
        mail["From"], mail["To"] = self._section.sender, to
        mail["Subject"] = printable(message.lines[0], SUBJECT)
        if now := self._utc():
            mail["Date"] = datetime.fromtimestamp(now / 1e6, UTC)
        mail["Message-ID"] = f"<{message.id}@minshan.invalid>"
        mail.set_content(message.fitted(MOST_TEXT))
        return mail

    def _sent(self, mail: EmailMessage, to: str, lines: list[str]) -> None:
        """Send a mail; `lines` gets an entry once the server may have it. Raise RequestError, OSError, SMTP's."""
        until = self._clock.now() + self._section.timeout_s

        def left() -> float:
            seconds = until - self._clock.now()
            if seconds <= 0:
                raise TimeoutError
            return seconds

        implicit = self._server.scheme == "smtps"
        trusted = trusting(self._section.ca_file)
        session = MailSession(self._server.hostname or "", trusted if implicit else None, left)
        try:
            session.reach(self._server.port or (465 if implicit else 25))
            session.ehlo_or_helo_if_needed()
            if not implicit and session.has_extn("starttls"):
                session.encrypt(trusted)
                session.ehlo()
            elif not implicit and self._section.password_file is not None:
                raise RequestError(NOT_ENCRYPTED.having(where=self._server.hostname or ""), False)
            if self._section.password_file is not None:
                session.enter(unquote(self._server.username or ""), secret_of(self._section.password_file))
            session.address(self._section.sender, to)
            lines.append("DATA")
            code, answer = session.data(mail.as_bytes())
            if code != 250:
                raise smtplib.SMTPResponseException(code, answer)
            lines.append(printable(f"{code} {_text(answer)}"))
        finally:
            session.close()

    def _why(self, error: Exception, where: str) -> Reason:
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # smtplib wraps it
            seconds = self._section.timeout_s
            return Reason("forward_slow", "{where} gave no answer within {seconds:g} s", where=where, seconds=seconds)
        if isinstance(error, ssl.SSLCertVerificationError):
            return distrusted(where, error)
        if isinstance(error, smtplib.SMTPException):
            return Reason("no_mail_server", "the server at {where} is not a mail server", where=where)
        return Reason("forward_unreachable", "{where} cannot be reached: {why}", where=where, why=system_reason(error))


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
