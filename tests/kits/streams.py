"""What the tests of talking devices share: decoding in pieces, and a twin, a pty and a driver in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from drivers.buses.serial import open_serial
from drivers.errors import DeviceError, Unplugged
from drivers.twins.clocked_port import ClockedPort
from drivers.twins.wires import PtyWire
from edge.sim.clock import SimClock

if TYPE_CHECKING:
    from types import TracebackType

    from drivers.driver import Decoder, DriverInfo, Frame, Refused
    from drivers.reading import Reading


def decode(decoder: Decoder, *chunks: bytes) -> list[Frame | Refused]:
    """Return all that the decoder finds in these chunks and at their end."""
    found = [item for chunk in chunks for item in decoder.feed(chunk)]
    return found + list(decoder.finish())


def cut(stream: bytes) -> st.SearchStrategy[list[bytes]]:
    """Draw the stream in pieces, cut anywhere."""
    places = st.lists(st.integers(0, len(stream)), max_size=20).map(sorted)
    return places.map(lambda at: [stream[a:b] for a, b in zip([0, *at], [*at, len(stream)])])


class Bench:
    """A twin at one end of a pty, its driver over real pyserial at the other, in simulated time.

    `frames` are what the driver's reads gave, `errors` what they raised; it stops reading when unplugged.
    """

    def __init__(self, info: DriverInfo, settings: dict[str, Any]) -> None:
        module, _, name = info.twin.partition(":")
        twin_class = getattr(__import__(module, fromlist=[name]), name)
        self.clock = SimClock()
        self.wire = PtyWire(self.clock)
        self.path = self.wire.path
        self.settings = info.settings.model_validate({"port": self.path, **settings})
        self.twin = twin_class(self.settings, self.clock, 7)
        self.frames: list[tuple[Reading, ...]] = []
        self.errors: list[DeviceError] = []
        self._info = info
        self._lanes = [self.clock.lane("driver", self._drive)]
        self._lanes.append(self.clock.lane("twin", lambda: self.twin.run(self.wire)))

    def run(self, until: float) -> None:
        """Let simulated time come to `until`."""
        self.clock.run_until(until)

    def _drive(self) -> None:
        port: Any = ClockedPort(open_serial(self.settings, self.clock), self.wire)  # type: ignore[arg-type]  # a serial driver's settings
        try:
            device = self._info.open(port, self.settings, self.clock)
            while True:
                try:
                    self.frames.append(device.read())
                except DeviceError as error:
                    self.errors.append(error)
                    if isinstance(error, Unplugged):
                        return
        finally:
            port.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in self._lanes:
            lane.stop()
        if not any(lane.failure for lane in self._lanes):
            self.clock.run_until(self.clock.now() + 1.0)
        self.wire.close()
