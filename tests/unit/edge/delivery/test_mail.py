"""Mail to a strict server: encrypted, logged in, in Chinese; and what broken servers do."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from edge.clock.clock import SystemClock
from edge.config.delivery import Mail
from edge.delivery.mail import MailSender
from edge.delivery.message import Message, MessageFate, Recipient, Short
from tests.kits.mail_server import PASSWORD, USER, MailServer

LINES = ("Minshan【霜冻】上寨果园 02:14，气温 0.6℃（湿球 -0.3℃）", ".一行以点开头", "很长" * 600)
TO = (Recipient("张三", "", "zhang@example.cn"),)


def message(*lines: str) -> Message:
    """Return a message with a link behind it."""
    return Message(
        "m1", lines or LINES, "知道了请点：https://hub.example/a/x", "{n}", TO, "frost", False, Short("", "", "", "")
    )


def sender(folder: Path, server: MailServer, login: bool = False, utc: int = 0, **more: object) -> MailSender:
    """Return what sends by a server, at that time (microseconds UTC, 0: unknown)."""
    (folder / "password").write_text(PASSWORD + "\n")
    scheme, user = ("smtps" if server.tls == "smtps" else "smtp"), f"{USER}@" if login else ""
    fields = {
        "name": "mail",
        "kind": "mail",
        "url": f"{scheme}://{user}127.0.0.1:{server.port}",
        "timeout_s": 1.0,
        "sender": "minshan@example.cn",
        "ca_file": str(server.ca_file),
        **({"password_file": str(folder / "password")} if login else {}),
        **more,
    }
    return MailSender(Mail.model_validate(fields), SystemClock(), lambda: utc)


@pytest.mark.parametrize(("tls", "login"), [("", False), ("starttls", False), ("starttls", True), ("smtps", True)])
def test_a_mail_arrives_whole_and_in_chinese(tmp_path: Path, tls: str, login: bool) -> None:
    """Subject and text as they were written, whatever the server can; a password goes encrypted alone."""
    with MailServer(tmp_path, tls, login) as server:
        told = sender(tmp_path, server, login).send(message())
        assert told.fate is MessageFate.DELIVERED and "queued as 1F2E" in told.answer, told
        (mail,) = server.mails
        assert str(mail["Subject"]) == LINES[0] and str(mail["To"]) == "zhang@example.cn"
        assert mail.get_content().splitlines() == [*LINES, "知道了请点：https://hub.example/a/x"]
        assert "m1@" in str(mail["Message-ID"]), "the same mail sent again is known by its number"


def test_a_mail_is_dated_by_its_sender_unless_the_time_is_unknown(tmp_path: Path) -> None:
    """RFC 5322, 3.6: a mail without a date is one to many a filter against spam; a wrong date would be no better."""
    with MailServer(tmp_path) as server:
        for utc in (1_795_000_000_000_000, 0):
            assert sender(tmp_path, server, utc=utc).send(message()).fate is MessageFate.DELIVERED
        dated, undated = server.mails
    assert dated["Date"] == "Wed, 18 Nov 2026 11:06:40 +0000"
    assert undated["Date"] is None


@pytest.mark.parametrize(
    ("mode", "fate", "code"),
    [
        *(("grey", MessageFate.FAILED, "mail_refused"), ("full", MessageFate.REFUSED, "mail_refused")),
        *(("gone", MessageFate.REFUSED, "mail_address_refused"), ("blocked", MessageFate.REFUSED, "mail_refused")),
        ("nobody", MessageFate.REFUSED, "mail_refused"),
        *(("hang", MessageFate.FAILED, "forward_slow"), ("garbage", MessageFate.FAILED, "no_mail_server")),
        *(("mute", MessageFate.UNKNOWN, "forward_slow"), ("lost", MessageFate.UNKNOWN, "no_mail_server")),
    ],
)
def test_what_a_server_does_not_take_is_told_apart(tmp_path: Path, mode: str, fate: MessageFate, code: str) -> None:
    """Come again later, never, no answer, nonsense: each is what it is; where it may have the mail, that is said."""
    with MailServer(tmp_path) as server:
        server.mode = mode
        told = sender(tmp_path, server).send(message())
        assert told.fate is fate and told.reason is not None and told.reason.code == code, told
        if mode == "grey":
            assert "450" in told.answer
            assert sender(tmp_path, server).send(message()).fate is MessageFate.DELIVERED


def test_a_password_goes_nowhere_but_encrypted_to_whom_is_trusted(tmp_path: Path) -> None:
    """A server that cannot encrypt, or that nobody vouches for, gets none; a refused one is told without it."""
    with MailServer(tmp_path, "", True) as server:
        told = sender(tmp_path, server, True).send(message())
        assert told.fate is MessageFate.REFUSED and told.reason is not None and told.reason.code == "mail_in_the_clear"
    with MailServer(tmp_path, "starttls", True) as server:
        told = sender(tmp_path, server, True, ca_file=None).send(message())
        assert told.fate is MessageFate.FAILED and told.reason is not None and "certificate" in f"{told.reason}"
        server.mode = "no-login"
        told = sender(tmp_path, server, True).send(message())
        assert told.fate is MessageFate.REFUSED and "535" in told.answer and PASSWORD not in f"{told}{told.reason}"
        assert server.mails == []


def test_who_has_no_address_and_a_server_that_is_not_there(tmp_path: Path) -> None:
    """The one is the person's own, the other may be tried again without any doubt."""
    with MailServer(tmp_path) as server:
        sends = sender(tmp_path, server)
    told = sends.send(message())
    assert told.fate is MessageFate.FAILED and told.reason is not None and told.reason.code == "forward_unreachable"
    nobody = Message("m", ("x",), "", "{n}", (Recipient("李四"),), "frost", False, Short("", "", "", ""))
    told = sends.send(nobody)
    assert told.fate is MessageFate.REFUSED and told.reason is not None and told.reason.code == "no_mail_address"


def test_an_authority_in_a_form_that_is_none_is_told_as_that(tmp_path: Path) -> None:
    """Not as a server that cannot be reached, which people would look for in the network."""
    der = tmp_path / "ca.cer"
    with MailServer(tmp_path, "starttls") as server:
        der.write_bytes(ssl.PEM_cert_to_DER_cert(Path(server.ca_file).read_text()))
        for file, code in ((der, "certificate_der"), (tmp_path / "none.pem", "ca_file_unread")):
            told = sender(tmp_path, server, ca_file=str(file)).send(message())
            assert told.fate is MessageFate.REFUSED and told.reason is not None and told.reason.code == code
