"""GPIO contacts and switches through gpiod: the kernel's edge timestamps, and which of the edges are closures.

Edges are timestamped in the interrupt, so a lane that is late loses no accuracy and, up to the kernel's queue of
1024 edges, no edge; beyond that the line's sequence numbers state how many were lost, and the same proportion of them
is counted as closures as among the others. The kernel's timestamps are CLOCK_MONOTONIC; a station's clock also counts
suspended time, so they are shifted by the difference, measured at each call.

Debouncing is done here, by these timestamps. The kernel's own (debounce_irq_handler in drivers/gpio/gpiolib-cdev.c,
calc_index in kernel/time/timer.c) waits whole ticks and one more: 3 ms become 4 to 8 at 250 ticks a second and 10 to
20 at 100. A cup anemometer that closes for a fifth of a turn would lose wind from 17 or 7 m/s on.
"""

from __future__ import annotations

import errno
import time
from contextlib import suppress
from datetime import timedelta
from glob import glob
from pathlib import Path
from typing import Any, Literal, Protocol

from drivers.buses.bus import OnGpio
from drivers.clock import Clock
from drivers.errors import InUse, NotADevice, Unplugged, cannot_be_opened, may_not_open
from drivers.reason import Reason, system_reason

QUEUE = 1024  # edges; the most that the kernel keeps for one line (linux/gpio.h, GPIO_V2_LINES_MAX x 16)
MOST_BATCHES = 8  # queues read in one call: a line with continuous noise must not block its lane
CONSUMER = "minshan"  # what `gpioinfo` shows beside the line
FIRST = "/dev/gpiochip0"
# Labels of the chips with a Pi's header pins (Pi 5, whose number is 0, 4 or 15 by the kernel; Pi 4; earlier ones), and
# of those without: from the output of gpiodetect that users of raspberrypi/linux and WiringPi have published.
PINS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
OF_THE_BOARD = ("gpio-brcmstb@", "raspberrypi-exp-gpio", "brcmvirt-gpio")

Pull = Literal["up", "down", "off"]


class GpioContact(Protocol):
    """A contact on one line. `lost`: closures among the edges that the kernel dropped since the line was requested."""

    lost: int

    def edges(self) -> list[float]:
        """Return the instants (clock seconds, sorted) of the closures since the last call.

        Raise OSError if the chip is gone.
        """

    def close(self) -> None:
        """Release the line."""


class Switch(Protocol):
    """A relay on one line."""

    def set(self, on: bool) -> None:
        """Switch it. Raise OSError if the chip is gone."""

    def close(self) -> None:
        """Release the line; its level is then no longer ours. Calling it again does nothing."""


class Chip(Protocol):
    """A GPIO chip: the kernel's, or a simulation's."""

    def request(self, line: int, pull: Pull, debounce: float) -> GpioContact:
        """Return the contact on that line. Raise OSError as the kernel does."""

    def drive(self, line: int, active_low: bool) -> Switch:
        """Return the switch on that line, which is off from the request on. Raise OSError as the kernel does."""

    def close(self) -> None:
        """Release the chip."""


class GpioBus:
    """One GPIO chip, shared by the contacts and switches on its lines."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip

    def request(self, line: int, pull: Pull, debounce: float) -> GpioContact:
        """Return the contact on that line, closing to ground (pull "up", "off") or to 3.3 V ("down").

        `debounce`: seconds for which the contact must be still. Raise Unplugged where the line is not available.
        """
        try:
            return self._chip.request(line, pull, debounce)
        except (OSError, ValueError) as error:
            raise no_line(line, error) from None

    def drive(self, line: int, active_low: bool) -> Switch:
        """Return the switch on that line, off from the first instant. Raise Unplugged where it is not available.

        `active_low`: the relay is on where the line is at 0 V.
        """
        try:
            return self._chip.drive(line, active_low)
        except (OSError, ValueError) as error:
            raise no_line(line, error) from None

    def close(self) -> None:
        """Release the chip. Calling it again does nothing."""
        self._chip.close()


class KernelChip:
    """/dev/gpiochipN through gpiod."""

    def __init__(self, path: str, clock: Clock) -> None:
        import gpiod

        self._chip: Any = gpiod.Chip(path)
        self._clock = clock

    def request(self, line: int, pull: Pull, debounce: float) -> GpioContact:
        """Request the line as an input with edge detection and return its contact."""
        from gpiod import LineSettings
        from gpiod.line import Bias, Direction, Edge
        from gpiod.line import Clock as EventClock

        bias = {"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "off": Bias.DISABLED}[pull]
        wanted = LineSettings(
            direction=Direction.INPUT,
            edge_detection=Edge.BOTH,
            bias=bias,
            event_clock=EventClock.MONOTONIC,
        )
        request = self._chip.request_lines({line: wanted}, consumer=CONSUMER, event_buffer_size=QUEUE)
        return KernelContact(request, self._clock, pull, debounce)

    def drive(self, line: int, active_low: bool) -> Switch:
        """Request the line as an output that is off, all in one request, so that no relay switches in between."""
        from gpiod import LineSettings
        from gpiod.line import Direction, Value

        wanted = LineSettings(direction=Direction.OUTPUT, active_low=active_low, output_value=Value.INACTIVE)
        return KernelSwitch(self._chip.request_lines({line: wanted}, consumer=CONSUMER), line)

    def close(self) -> None:
        """Close the chip."""
        if self._chip:
            self._chip.close()


class SteadyContact:
    """The closures among a contact's raw edges: a level counts once it has been steady for `debounce` seconds."""

    def __init__(self, debounce: float) -> None:
        self._debounce = debounce
        self._closed = False
        self._last: tuple[float, bool] | None = None  # the newest edge, while its level is not yet steady

    def edge(self, at: float, closed: bool) -> list[float]:
        """Add an edge. Return the closure before it that has become certain, as `settled` does."""
        found = self.settled(at)
        self._last = at, closed
        return found

    def settled(self, now: float) -> list[float]:
        """Return the instant of the closure that has become certain by `now`; [] if none has."""
        if self._last is None or now - self._last[0] < self._debounce:
            return []
        at, closed = self._last
        begins, self._closed, self._last = closed and not self._closed, closed, None
        return [at] if begins else []


class KernelContact:
    """One requested line."""

    def __init__(self, request: Any, clock: Clock, pull: Pull, debounce: float) -> None:
        self.lost = 0
        self._request = request
        self._clock = clock
        self._closes = "RISING_EDGE" if pull == "down" else "FALLING_EDGE"
        self._contact = SteadyContact(debounce)
        self._seen = 0
        self._part = 0.0  # the fraction of a dropped closure that is not counted yet

    def edges(self) -> list[float]:
        """Return the instants of the closures that the kernel has queued, without waiting."""
        now = time.clock_gettime(time.CLOCK_MONOTONIC)  # the clock of the kernel's timestamps
        ahead = self._clock.now() - now
        closures: list[float] = []
        kept = dropped = 0
        for _ in range(MOST_BATCHES):
            if not self._request.wait_edge_events(timedelta(0)):
                break
            for event in self._request.read_edge_events(QUEUE):
                kept, dropped = kept + 1, dropped + event.line_seqno - self._seen - 1
                self._seen = event.line_seqno
                closures += self._contact.edge(event.timestamp_ns / 1e9, event.event_type.name == self._closes)
        closures += self._contact.settled(now)
        if dropped:
            self._part += dropped * len(closures) / kept
            self.lost, self._part = self.lost + int(self._part), self._part % 1
        return [at + ahead for at in closures]

    def close(self) -> None:
        """Release the line. Calling it again does nothing."""
        self._request.release()


class KernelSwitch:
    """One requested output."""

    def __init__(self, request: Any, line: int) -> None:
        self._request = request
        self._line = line

    def set(self, on: bool) -> None:
        """Switch it."""
        from gpiod.line import Value

        self._request.set_value(self._line, Value.ACTIVE if on else Value.INACTIVE)

    def close(self) -> None:
        """Release the line. Calling it again does nothing."""
        self._request.release()


def no_line(line: int, error: Exception) -> InUse | Unplugged:
    """Return why a line is not available."""
    held = isinstance(error, OSError) and error.errno == errno.EBUSY
    return (InUse if held else Unplugged)(
        Reason("no_gpio_line", "line {line} is not available ({why})", line=line, why=system_reason(error))
    )


def chip_path(named: str) -> str:
    """Return the chip's device file for a path or a label ("pinctrl-rp1"); numbers change between kernels.

    FIRST, the default, is the chip with a Raspberry Pi's header pins, whatever its number. Raise FileNotFoundError if
    no chip has that label, NotADevice if the chip controls the board itself: nothing on the header is on its lines, so
    a gauge would report no rain for ever, and a relay would switch the radio or the card.
    """
    labels = _labels()
    wanted = PINS if named == FIRST else (named,)
    path = next((path for path, label in labels.items() if label in wanted or Path(path).name in wanted), named)
    if not path.startswith("/"):
        raise FileNotFoundError(f"no GPIO chip is labelled {named}")
    if labels.get(path, "").startswith(OF_THE_BOARD):
        raise NotADevice(
            Reason(
                "gpio_of_the_board",
                "{chip} ({label}) works the board itself: the pins are on another chip",
                chip=path,
                label=labels[path],
            )
        )
    return path


def _labels() -> dict[str, str]:
    """Return device file -> label of each chip; those that may not be opened are left out."""
    import gpiod

    labels = {}
    for path in sorted(glob("/dev/gpiochip*")):
        with suppress(OSError), gpiod.Chip(path) as chip:
            labels[path] = chip.get_info().label
    return labels


def no_chip(chip: str) -> Reason:
    """Return the reason that there is no such chip, with how to list those that exist."""
    return Reason(
        "no_gpio_chip",
        "there is no GPIO chip {chip}; `gpiodetect` lists them (a Pi 5's pins are pinctrl-rp1)",
        chip=chip,
    )


def open_gpio(settings: OnGpio, clock: Clock) -> GpioBus:
    """Open the chip of that path or label. Raise Unplugged, with a remedy, if it cannot be opened."""
    try:
        return GpioBus(KernelChip(chip_path(settings.chip), clock))
    except FileNotFoundError:
        raise Unplugged(no_chip(settings.chip)) from None
    except PermissionError as error:
        rights = Reason(
            "no_gpio_permission",
            "{chip} may not be opened by this user; add it to the group gpio",
            chip=settings.chip,
        )
        raise may_not_open(settings.chip, error, rights) from None
    except OSError as error:
        raise Unplugged(cannot_be_opened(settings.chip, error)) from None
