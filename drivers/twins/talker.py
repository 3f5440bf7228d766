"""The common base of twins that send unrequested: values that can be set, faults, and the sending loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from drivers.twins.wires import FaultySender

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.twins.twin import Fault, Wire


class TalkerTwin:
    """A device that sends unrequested on a serial port; a subclass is one kind of device and defines its `frames`."""

    PACE: ClassVar[float] = 1.0  # s between two turns
    START: ClassVar[dict[str, float]] = {}  # the values measured until they are set

    def __init__(self, settings: Any, clock: Clock, seed: int) -> None:
        self.settings = settings
        self.clock = clock
        self.values = dict(self.START)
        self.before_telling: Callable[[], None] = lambda: None
        self.sender = FaultySender(seed)

    def set(self, quantity: str, value: float) -> None:
        """Set what to send from the next frame on; quantities that it does not measure are ignored."""
        if quantity in self.values:
            self.values[quantity] = value

    def misbehave(self, fault: Fault | None) -> None:
        """Misbehave from the next frame on, or behave again (None)."""
        self.sender.fault = fault

    def run(self, wire: Wire) -> None:
        """Send until `Stopped`."""
        due = self.clock.now() + self.first()
        turn = 0
        while True:
            self.clock.sleep_until(due)
            self.before_telling()
            for frame in self.frames(turn):
                self.send(wire, frame)
            due += self.sender.gap(self.PACE)
            turn += 1

    def first(self) -> float:
        """Return the seconds until the first turn."""
        return self.sender.gap(self.PACE)

    def frames(self, turn: int) -> Iterable[bytes]:
        """Return the frames of a turn, counted from 0."""
        raise NotImplementedError  # each device has its own

    def send(self, wire: Wire, frame: bytes) -> None:
        """Send a frame, modified by the current fault."""
        self.sender.send(wire, frame)
