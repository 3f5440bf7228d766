"""The doctor's checks of each other platform in a station's file: that it is reachable and accepts the login."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge.clock.clock import SystemClock
from edge.config.forward import HttpJson
from edge.forward.http_sender import secret_headers
from edge.forward.mqtt_sender import broker_of
from edge.forward.senders import client_id
from edge.language import texts
from edge.language.texts import _
from edge.northbound import http_json
from edge.northbound.verdict import DeliveryFate
from edge.wire.errors import LinkError
from edge.wire.mqtt_link import connect
from edge.wire.post import Endpoint, RequestError, requested
from edge.wire.session import Session
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from drivers.reason import Reason
    from edge.config.forward import Forward, MqttJson
    from edge.config.sections import Config

LONGEST_S = 15.0  # for an answer
POSTED_ALONE = (400, 405, 415, 422, 501)  # statuses of an address that accepts only POST


def destinations(config: Config) -> Iterator[Finding]:
    """Yield a finding for each destination. Nothing is sent but an empty request, or a login."""
    for section in config.forward:
        why = _of_http(section) if isinstance(section, HttpJson) else _of_broker(section, config.station.id)
        yield finding(section, why)


def finding(section: Forward, why: Reason | None) -> Finding:
    """Return the finding of an attempt; `why`: the fault, None: there was none."""
    if why is None:
        sentence = _("forward: {name} answers and accepts the login")
        return Finding("forward", True, sentence.format(name=section.name))
    sentence = _("forward: {name}: {why}").format(name=section.name, why=texts.render(why))
    remedy = _('Check [[forward]] "{name}", or ask that platform\'s operator; the station keeps everything for it.')
    return Finding("forward", False, sentence, remedy.format(name=section.name))


def _of_http(section: HttpJson) -> Reason | None:
    """Request the address without posting anything. Return what is wrong; None where it answers as expected."""
    address = Endpoint(section.url, http_json.where_of(section.url), section.ca_file)
    seconds = min(LONGEST_S, section.timeout_s)
    try:
        answer = requested("GET", address, None, secret_headers(section), SystemClock(), seconds)
    except RequestError as error:
        return error.reason
    if answer.status in POSTED_ALONE:
        return None
    plain = section.model_copy(update={"success_key": None})
    verdict = http_json.proof(plain, answer.status, answer.headers, answer.body)
    return None if verdict.fate is DeliveryFate.PROVEN else verdict.reason


def _of_broker(section: MqttJson, station: str) -> Reason | None:
    """Log in with a separate client id, which ends no session of the station. Return what is wrong; None: nothing."""
    try:
        connect(broker_of(section), Session(client_id(f"doctor-{section.name}", station), ())).close()
    except LinkError as error:
        return error.reason
    return None
