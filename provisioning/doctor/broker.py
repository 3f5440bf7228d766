"""The doctor's checks of the broker: our own certificate, the login, a test record that is proven."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edge.clock.clock import system_utc
from edge.config.address import parse
from edge.language import texts
from edge.language.texts import _
from edge.language.words import N_
from edge.wire import certificates
from edge.wire.client import arriving, sent
from edge.wire.contract import VERSION, Hello, HelloAnswer, PayloadError, Result, Topic, decode, encode, topic
from edge.wire.errors import LinkError
from edge.wire.link import NOBODY_LISTENS, REFUSED
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from provisioning.commands.finding import Finding
from provisioning.doctor.broker_notes import notes

if TYPE_CHECKING:
    from edge.config.sections import BrokerSection, Config
    from edge.wire.link import Link

ANSWER_S = 15.0  # s to wait for a platform's answer
SOON = 30  # days before a certificate's expiry from which on it must be renewed
EXPIRY = 60  # s for which the broker may keep the test record

BY_DATE = N_("Check this box's date: if it is right, the broker's operator must renew the certificate.")
WRONG_PORT = N_("Check the port: usually 1883 for mqtt:// and 8883 for mqtts://. Something else may listen there.")
WRONG_FILE = N_("Correct the path in [broker], or let the station's user read the file: sudo chown minshan FILE")
REMEDIES = {
    "own_certificate_expired": N_(
        "Put the new certificate and its key there; the station uses them at its next connection."
    ),
    "certificate_expired": BY_DATE,
    "certificate_expired_on": BY_DATE,
    **dict.fromkeys(
        ("certificate_not_yet", "own_certificate_not_yet"),
        N_("Set this box's date: let chrony reach a time server, or fit a clock chip."),
    ),
    "certificate_name": N_("Write the host's name in [broker] url as it is in the certificate."),
    **dict.fromkeys(
        ("certificate_unfit", "certificate_weak", "old_tls"),
        N_("Show the broker's operator this sentence: only there can it be changed."),
    ),
    "name_unknown_there": N_("Write the host's name in [broker] url as the broker's operator gives it."),
    "certificate_wanted": N_(
        "Ask the broker's operator for a certificate; name it and its key as cert_file and key_file."
    ),
    "certificate_unwanted": N_("Ask the broker's operator which certificates it accepts, and check this box's date."),
    **dict.fromkeys(
        ("key_of_another", "key_encrypted"), N_("Put the right key there; the station uses it at its next connection.")
    ),
    "certificate_distrusted": N_("Get the CA certificate from the broker's operator and name its file as ca_file."),
    **dict.fromkeys(("closes_unanswered", "takes_and_is_silent", "not_even_mqtt", "no_tls_there"), WRONG_PORT),
    **dict.fromkeys(
        (
            "broker_file_unread",
            "broker_file_no_text",
            "ca_file_unread",
            "no_pem_files",
            "pem_utf_16",
            "certificate_der",
            "key_der",
            "pkcs12",
            "pkcs7",
        ),
        WRONG_FILE,
    ),
}


def broker(config: Config) -> Iterator[Finding]:
    """Yield the findings, up to the first failure that makes further checks pointless."""
    if config.broker is None:
        said = _("broker: the file names none, so everything stays in the local archive")
        yield Finding("broker", True, said)
        return
    yield from certificate(config.broker)
    station = config.station.id
    try:
        session = Session(f"minshan-doctor-{secrets.token_hex(4)}", (topic(station, Topic.ANSWER),))
        link = connect(config.broker, session)
    except LinkError as error:
        yield Finding("broker", False, sentence_of(error), remedy(error))
        yield from noted(config.broker)
        return
    try:
        version = {5: "5", 4: "3.1.1"}[link.version]
        said = _("broker: {broker} accepts the login (MQTT {version})")
        yield Finding("broker", True, said.format(broker=parse(config.broker.url).url, version=version))
        yield from noted(config.broker)
        yield record(link, config)
    except LinkError as error:
        yield Finding("record", False, sentence_of(error), remedy(error))
    finally:
        link.close()


def noted(section: BrokerSection) -> Iterator[Finding]:
    """Yield notes on a section that is valid but has drawbacks."""
    for sentence, advice in notes(section):
        yield Finding("broker", True, sentence, advice)


def sentence_of(error: LinkError) -> str:
    """Return the link's own sentence."""
    return _("broker: {detail}").format(detail=texts.render(error.reason))


def remedy(error: LinkError) -> str:
    """Return the remedy, and that nothing is lost meanwhile."""
    if error.login:
        return _("Correct username and password_file in [broker], or ask the broker's operator for a login.")
    found = REMEDIES.get(error.reason.code, N_("Check the network and the address in [broker]."))
    return texts.sentences(_(found), _("The station keeps everything and sends it later."))


def certificate(section: BrokerSection) -> Iterator[Finding]:
    """Check whether the station's own certificate has expired, or soon will."""
    if section.cert_file is None:
        return
    out = certificates.of_certificate_file(section.cert_file)
    if out is not None:
        sentence = _("certificate: {detail}").format(detail=texts.render(out))
        yield Finding("certificate", False, sentence, _(REMEDIES[out.code]))
        return
    ends = end_of(section.cert_file)
    if ends is None:
        return
    days = (ends - datetime.fromtimestamp(system_utc() / 1e6, UTC)).days
    sentence = _("certificate: {file} is valid until {date}").format(file=section.cert_file, date=f"{ends:%Y-%m-%d}")
    yield Finding("certificate", days >= SOON, sentence, "" if days >= SOON else _("Request a new one now."))


def end_of(path: str) -> datetime | None:
    """Return a certificate's expiry; None where it cannot be read."""
    import ssl
    from pathlib import Path

    try:
        dates = certificates.validity(ssl.PEM_cert_to_DER_cert(Path(path).read_text("ascii").strip() + "\n"))
    except (OSError, ValueError):
        return None
    return None if dates is None else dates[1]


def record(link: Link, config: Config) -> Finding:
    """Send a test record and await the configured proof: the broker's acknowledgement or the platform's receipt."""
    station = config.station.id
    test = Result(VERSION, f"doctor-{secrets.token_hex(4)}", station, "done", "a test record of the doctor's")
    code = sent(link, topic(station, Topic.RESULT), encode(test), EXPIRY)
    if code >= REFUSED:
        return refused(station, code)
    if config.broker is not None and config.broker.proof == "committed":
        return committed(link, station)
    if code == NOBODY_LISTENS:
        sentence = _("record: the broker has accepted a test record, but there is no receiver for this station")
        return Finding(
            "record", True, sentence, _("Start the receiver, for example: minshan watch --broker URL --jsonl FILE")
        )
    return Finding("record", True, _("record: a test record was sent, and the broker has it"))


def refused(station: str, code: int) -> Finding:
    """Return the finding for a broker that refuses the station's messages."""
    sentence = _("record: the broker refuses a test record (code {code})").format(code=f"0x{code:02x}")
    allow = _("Ask the broker's operator to allow minshan/1/{station}/# and minshan/2/{station}/#.")
    return Finding("record", False, sentence, allow.format(station=station))


def committed(link: Link, station: str) -> Finding:
    """Check with an empty hello whether a platform answers that gives receipts."""
    nonce = secrets.token_hex(8)
    hello = Hello(VERSION, station, nonce, "doctor", [], 1, [], 0, "unknown", "committed")
    code = sent(link, topic(station, Topic.HELLO), encode(hello), EXPIRY)
    if code >= REFUSED:
        return refused(station, code)
    for message in arriving(link, ANSWER_S):
        if message is None:
            continue
        try:
            answer = decode(message.payload, HelloAnswer)
        except PayloadError:
            continue
        if answer.nonce == nonce:
            if answer.ledger is None:
                break
            return Finding("record", True, _("record: a test record was sent, and the platform answers"))
    sentence = _("record: the broker has a test record, but no platform gives receipts for this station")
    remedy = _("Start the platform (minshan watch --jsonl FILE); until then the station keeps everything.")
    return Finding("record", False, sentence, remedy)
