"""The parameters of a connection: who connects, what the broker grants, what comes in."""

import msgspec

from drivers.reason import Reason

KEPT_SESSION = 7 * 24 * 3600  # s: messages are queued for a station or platform that reconnects within a week
RECEIVE_MAXIMUM = 65535  # MQTT 5, 3.2.2.3.3: the default of a broker that states none


class Incoming(msgspec.Struct, frozen=True):
    """A message from the broker; `mid` is for `Link.ack`.

    `wrong`: why it cannot be handled (`payload` is then only its beginning); None: it can.
    """

    topic: str
    payload: bytes
    mid: int
    qos: int
    retained: bool
    wrong: Reason | None = None


class Session(msgspec.Struct, frozen=True):
    """Who connects and what for. `will`: topic and payload that the broker retains when the link breaks.

    `expiry`: s for which the broker keeps the session when the link is gone (0: a clean start; 3.1.1 has only no
    session or an unlimited one). `receive`: messages that it may send before the first is acknowledged (MQTT 5).
    `fresh`: make the broker discard the session that it has kept.
    """

    client_id: str
    topics: tuple[str, ...]
    will: tuple[str, bytes] | None = None
    expiry: int = 0
    receive: int = 20
    fresh: bool = False

    @property
    def clean(self) -> bool:
        """Whether to connect with a clean start."""
        return self.fresh or self.expiry == 0


class Granted(msgspec.Struct):
    """What the broker grants: messages in flight, bytes a packet (None: any), topics refused, session kept, aliases.

    `expiry`: s for which it keeps the session when the link is gone (None: as long as it was asked to).
    """

    receive_maximum: int = RECEIVE_MAXIMUM
    packet_bytes: int | None = None
    refused: list[str] = msgspec.field(default_factory=list)
    session_present: bool = False
    expiry: int | None = None
    topic_aliases: int = 0  # topics that may have a number in place of their name (MQTT 5, 3.3.2.3.4)
