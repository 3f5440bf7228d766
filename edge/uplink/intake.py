"""Handle incoming messages so that no error ends the lane and no message is redelivered for ever."""

from __future__ import annotations

import logging
from pathlib import Path

from drivers.clock import Stopped
from drivers.reason import Reason
from edge.snapshots import SetAsideSnapshot
from edge.store.errors import StoreError
from edge.uplink.inbound import InboundHandler
from edge.wire.contract import PayloadError
from edge.wire.session import Incoming
from edge.wire.set_aside import SetAside

log = logging.getLogger("minshan.uplink")
FOLDER = "set-aside"  # in the state folder


class Intake:
    """Passes messages to the inbound handler, and sets aside those that it cannot handle."""

    def __init__(self, inbound: InboundHandler, state: Path) -> None:
        self._inbound = inbound
        self._aside = SetAside(state / FOLDER)

    def handle(self, message: Incoming) -> bool:
        """Handle a message, which may then be acknowledged; True if something became unsent again."""
        try:
            if message.wrong is not None:
                raise PayloadError(message.wrong)
            return self._inbound.receive(message)
        except Stopped:
            raise
        except (PayloadError, StoreError) as trouble:  # the next hello asks for what the disk refused
            self._put(message, trouble.reason)
        except Exception as error:  # else it would end the lane, or be redelivered for ever
            log.exception("a message on %s caused an unexpected error", message.topic)
            what = f"{type(error).__name__}: {error}"
            self._put(message, Reason("unforeseen_error", "unexpected error: {error}", error=what))
        return False

    @property
    def snapshot(self) -> SetAsideSnapshot:
        """What was set aside since the start."""
        return SetAsideSnapshot(self._aside.count, self._aside.last, str(self._aside.folder))

    def _put(self, message: Incoming, why: Reason) -> None:
        self._aside.put(message.topic, message.payload, why)
