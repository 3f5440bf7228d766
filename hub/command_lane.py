"""The lane that sends commands to stations and receives their results, on its own connection.

A command is committed before it is sent, and sent again where it is unknown whether the broker has it, or what its
result is: a station recognises it by its id, executes it once and repeats its result. A command that has expired is
not sent for the first time.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress

from drivers.clock import Clock
from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.lanes import Lanes
from edge.wire.client import sent
from edge.wire.contract import VERSION, Command, PayloadError, Result, Topic, decode, encode, topic
from edge.wire.errors import LinkError
from edge.wire.link import NOBODY_LISTENS, REFUSED, Link
from edge.wire.mqtt_codes import meaning
from edge.wire.mqtt_link import connect
from edge.wire.packets import MQTT5
from edge.wire.retry import Retry
from edge.wire.session import Session
from hub.database.engine import Engine
from hub.database.errors import ValueRefusedError, is_unusable
from hub.database.orders import CommandOrder, Orders
from hub.sink import SinkError

log = logging.getLogger("minshan.hub")
SLICE = 0.2  # s within which a command is sent
LOOK = 5.0  # s between two checks for commands that came in by another hub


class CommandLane:
    """Runs in a lane of its own until `stop`. `engine` opens the database there; `utc`: microseconds UTC."""

    def __init__(self, broker: BrokerSection, engine: Callable[[], Engine], utc: Callable[[], int]) -> None:
        self._broker, self._make, self._utc = broker, engine, utc
        self._clock: Clock = SystemClock()
        self._ended, self._asked = threading.Event(), threading.Event()
        self._told: Reason | None = None
        self._lanes = Lanes(self._clock)

    def start(self) -> None:
        """Start the lane."""
        self._lanes.start("commands", self._run)

    def wake(self) -> None:
        """Wake the lane: a command is to be sent. From any thread."""
        self._asked.set()

    def stop(self) -> None:
        """Stop the lane."""
        self._ended.set()
        self._lanes.stop()
        self._lanes.join(5.0)

    def _run(self) -> None:
        retry = Retry(self._broker.retry_max_s)
        engine: Engine | None = None
        try:
            while not self._ended.is_set():
                try:
                    engine = engine or self._make()
                    self._connected(retry, Orders(engine))
                except (LinkError, SinkError) as trouble:
                    if trouble.reason != self._told and not is_unusable(trouble.reason):
                        log.warning("commands: %s", trouble.reason)
                    self._told = trouble.reason
                    self._ended.wait(retry.pause(isinstance(trouble, LinkError) and trouble.login))
        finally:
            if engine is not None:
                engine.close()

    def _connected(self, retry: Retry, orders: Orders) -> None:
        everyone = topic("+", Topic.RESULT)
        link = connect(self._broker, Session(f"minshan-commands-{secrets.token_hex(4)}", (everyone,)))
        try:
            retry.reset()
            self._told = None
            self._serve(link, orders)
        finally:
            link.close()

    def _serve(self, link: Link, orders: Orders) -> None:
        look = self._clock.now()
        # Results published while nobody was subscribed are lost, so they are asked for again; not with MQTT 3.1.1, as
        # its brokers would queue each question for a station that is offline.
        for order in orders.unanswered(self._utc()) if link.version == MQTT5 else ():
            self._send(link, orders, order)
        while not self._ended.is_set():
            link.wait(self._clock.now() + SLICE)
            while link.incoming:
                message = link.incoming[0]
                self._keep_result(orders, message.topic, message.payload)
                link.ack(message)
                del link.incoming[0]
            if self._asked.is_set() or self._clock.now() >= look:
                self._asked.clear()
                look = self._clock.now() + LOOK
                for order in orders.unsent(self._utc()):
                    self._send(link, orders, order)

    def _send(self, link: Link, orders: Orders, order: CommandOrder) -> None:
        command = Command(VERSION, order.id, order.name, order.arguments, order.expires_us)
        lasts = max(1, (order.expires_us - self._utc()) // 1_000_000)
        where = topic(order.station, Topic.COMMAND)
        code = sent(link, where, encode(command), lasts)
        orders.sent(order.id, self._utc(), code == NOBODY_LISTENS)
        if code >= REFUSED and order.sent_us is None:  # no station will ever answer it
            refused = Reason(
                "broker_refuses_command",
                "the broker does not let the hub write {topic} ({why})",
                topic=where,
                why=meaning(code),
            )
            log.warning("%s", refused)
            failed = Result(VERSION, order.id, order.station, "failed", data={"why": refused.builtins()})
            orders.answered(failed, self._utc())

    def _keep_result(self, orders: Orders, where: str, payload: bytes) -> None:
        """Store a result; ignore messages of other programs on such a topic, and values that no database accepts."""
        with suppress(PayloadError, ValueRefusedError):
            result = decode(payload, Result)
            if where == topic(result.station, Topic.RESULT):
                orders.answered(result, self._utc())
