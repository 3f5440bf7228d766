"""The twin of a Nova SDS011: it accepts the real one's commands, sleeps, wakes unreliably, and keeps its period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drivers.twins.talker import TalkerTwin
from drivers.twins.twin import Fault

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.twins.twin import Wire

ID = b"\xa1\x60"
STRAY = bytes.fromhex("ad50105edd")  # sent by a real one when it was woken (lewapek, issue 6)
COMMAND = 19  # bytes


class Sds011Twin(TalkerTwin):
    """Sends what is set, each second or once per period; awake until `asleep` is set.

    `commands`: the bytes of each command received.
    """

    START: ClassVar[dict[str, float]] = {"pm2p5": 12.0, "pm10": 15.0}

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        super().__init__(settings, clock, seed)
        self.asleep = False
        self.commands: list[bytes] = []
        self._waking = False
        self._period = 0
        self._heard = b""

    def run(self, wire: Wire) -> None:
        """Send and answer until `Stopped`."""
        due = self.clock.now() + self._gap()
        while True:
            heard = wire.read(due)
            if heard:
                before = self._period
                self._take(wire, heard)
                due = due if before == self._period else self.clock.now() + self._gap()
            elif self.clock.now() >= due:
                if not self.asleep:
                    self.before_telling()
                    self.send(wire, self._frame())
                due += self._gap()

    def _gap(self) -> float:
        return self.sender.gap(self._period * 60.0 or 1.0)

    def _take(self, wire: Wire, heard: bytes) -> None:
        self._heard += heard
        while (at := self._heard.find(b"\xaa\xb4")) >= 0 and len(self._heard) >= at + COMMAND:
            command, self._heard = self._heard[at : at + COMMAND], self._heard[at + COMMAND :]
            if sum(command[2:17]) % 256 == command[17]:
                self.commands.append(command)
                self._obey(wire, command)

    def _obey(self, wire: Wire, command: bytes) -> None:
        number, sets, value = command[2], command[3], command[4]
        if self.sender.fault in (Fault.SILENT, Fault.UNPLUGGED):
            return
        if self.asleep and not (number == 6 and value == 1):
            return
        if self.asleep and not self._waking:  # the first wake command is lost
            self._waking = True
            wire.write(STRAY)
            return
        if number == 6 and sets:
            self.asleep, self._waking = value == 0, False
        if number == 8 and sets:
            self._period = value
        body = bytes([number, sets, self._period if number == 8 else value, 0]) + ID
        wire.write(b"\xaa\xc5" + body + bytes([sum(body) % 256, 0xAB]))

    def _frame(self) -> bytes:
        tenths = [min(max(round(self.values[name] * 10), 0), 9999) for name in ("pm2p5", "pm10")]
        body = b"".join(value.to_bytes(2, "little") for value in tenths) + ID
        return b"\xaa\xc0" + body + bytes([sum(body) % 256, 0xAB])
