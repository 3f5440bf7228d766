"""The state of the channels: when each last accepted a message, and since when it has been failing."""

from __future__ import annotations

import msgspec

from edge.delivery.message import MessageFate, SendResult
from hub.alarms.alarm import Quiet
from hub.database.engine import Engine

OF_A_PERSON = ("no_phone_number", "no_mail_address", "mail_address_refused")  # not the channel's fault
LONGEST_US = 600_000_000  # the longest wait of a message: a later time was set by a clock that was ahead
MOST_FAILS = 3  # failures in a row after which a channel is failing; a refusal counts at once


class ChannelState(msgspec.Struct, omit_defaults=True):
    """One channel. `failing_us`: since when it fails, and `why`; `busy_us`: until when it accepts nothing."""

    name: str
    ok_us: int | None = None
    fails: int = 0
    failing_us: int | None = None
    busy_us: int = 0
    why: dict[str, object] | None = None

    def is_busy(self, now: int) -> bool:
        """Return whether it accepts nothing now (microseconds UTC)."""
        return now < self.busy_us <= now + LONGEST_US

    @property
    def quiet(self) -> Quiet:
        """Return the facts for an alarm about it."""
        return Quiet(channel=self.name, why=self.why)


class ChannelHealth:
    """Stores channel states. `engine`: used from one thread. All methods raise SinkError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listed(self) -> list[ChannelState]:
        """Return the states of all channels used so far, by name."""
        found = self._engine.query("SELECT said FROM alarm_note WHERE name LIKE 'channel %' ORDER BY name")
        return [msgspec.json.decode(said, type=ChannelState) for (said,) in found]

    def of(self, channel: str) -> ChannelState:
        """Return the state of a channel."""
        found = self._engine.query("SELECT said FROM alarm_note WHERE name = %s", (f"channel {channel}",))
        return msgspec.json.decode(found[0][0], type=ChannelState) if found else ChannelState(channel)

    def busy(self, channel: str, until_us: int) -> None:
        """Send nothing by a channel until then."""
        state = self.of(channel)
        state.busy_us = until_us
        self._keep(state)

    def note(self, channel: str, result: SendResult, now: int) -> None:
        """Note the result of an attempt."""
        if result.reason is not None and result.reason.code in OF_A_PERSON:
            return
        state = self.of(channel)
        if result.fate is MessageFate.DELIVERED:
            state.ok_us, state.fails, state.failing_us, state.why = now, 0, None, None
        else:
            state.fails += 1
            state.why = None if result.reason is None else result.reason.builtins()
            if result.fate is MessageFate.REFUSED or state.fails >= MOST_FAILS:
                state.failing_us = state.failing_us or now
        self._keep(state)

    def _keep(self, state: ChannelState) -> None:
        self._engine.query(
            "INSERT INTO alarm_note (name, said) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET said = excluded.said",
            (f"channel {state.name}", msgspec.json.encode(state).decode()),
        )
