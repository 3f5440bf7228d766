"""The broker in `minshan hub status`: whether it accepts the hub's login, and how long it keeps queued messages."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from edge.config.address import parse
from edge.language import texts
from edge.language.texts import _
from edge.wire.errors import LinkError
from edge.wire.session import KEPT_SESSION, Session

if TYPE_CHECKING:
    from edge.config.sections import BrokerSection

DEADLINE = 5.0  # s
MQTT5 = 5


class BrokerState(NamedTuple):
    """The broker's state. `trouble`: why it refuses the hub, None: it does not.

    `keeps_s`: how long it keeps messages for an offline hub, s; None: not stated (MQTT 3.1.1).
    """

    broker: str
    trouble: str | None
    keeps_s: int | None


def state_of(section: BrokerSection) -> BrokerState:
    """Return the broker's state, by a separate connection that leaves no session at the broker."""
    from edge.wire.mqtt_link import connect

    where, name = parse(section.url).url, f"minshan-status-{secrets.token_hex(4)}"
    try:
        link = connect(section, Session(name, (), expiry=KEPT_SESSION), deadline=DEADLINE)
        keeps = (link.granted.expiry or KEPT_SESSION) if link.version == MQTT5 else None
        link.close()
        connect(section, Session(name, ()), known=link.version, deadline=DEADLINE).close()  # its session ends
    except LinkError as error:
        return BrokerState(where, texts.render(error.reason), None)
    return BrokerState(where, None, keeps)


def line(state: BrokerState) -> str:
    """Return the state as a line."""
    if state.trouble is not None:
        return _("broker: {detail}").format(detail=state.trouble)
    if state.keeps_s is None:
        return _("broker: {broker} accepts the login").format(broker=state.broker)
    if state.keeps_s >= KEPT_SESSION:
        sentence = _("broker: {broker} accepts the login, and keeps what waits for an offline hub for {hours} h")
    else:
        sentence = _(
            "broker: {broker} accepts the login, but keeps what waits for an offline hub for only "
            "{hours} h; what it drops after that, the stations send again"
        )
    return sentence.format(broker=state.broker, hours=f"{state.keeps_s / 3600:.3g}")
