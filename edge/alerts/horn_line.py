"""The GPIO lines of a horn: relay and button. One that fails is reported once and retried at growing intervals."""

from __future__ import annotations

import logging
from collections.abc import Callable

from drivers.buses.bus import OnGpio
from drivers.buses.gpio import GpioBus, GpioContact, Switch
from drivers.clock import Clock
from drivers.errors import DeviceError
from drivers.reason import Reason, system_reason
from edge.backoff import Backoff
from edge.config.sections import HornSection
from edge.sampler import Opener

log = logging.getLogger("minshan.horn")
DEBOUNCE_S = 0.05
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0


class HornLine:
    """The relay and the button. `tell` is called when they fail and when they are back; the relay works alone."""

    def __init__(self, section: HornSection, opener: Opener, clock: Clock, tell: Callable[[Reason], object]) -> None:
        self._section, self._opener, self._clock, self._tell = section, opener, clock, tell
        self._bus: GpioBus | None = None
        self._switch: Switch | None = None
        self._button: GpioContact | None = None
        self._retry_at = clock.now()
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self.trouble: Reason | None = None

    @property
    def ready(self) -> bool:
        """Whether the relay can be switched."""
        return self._switch is not None

    @property
    def has_button(self) -> bool:
        """Whether the button can be read."""
        return self._button is not None

    @property
    def next_try(self) -> float:
        """The instant at which `look` is to be called because a line is missing; inf if none is."""
        lacks = self._switch is None or (self._button is None and self._section.button_line is not None)
        return self._retry_at if lacks else float("inf")

    def look(self) -> bool:
        """Open missing lines, if a retry is due. Return whether the button was pressed since the last call."""
        if self._clock.now() >= self.next_try:
            self._open()
        try:
            return self._button is not None and bool(self._button.edges())
        except OSError as error:
            self._failed(system_reason(error))
            return False

    def set(self, on: bool) -> None:
        """Switch the relay; `ready` is then False if that failed."""
        try:
            if self._switch is not None:
                self._switch.set(on)
        except OSError as error:
            self._failed(system_reason(error))

    def release(self) -> None:
        """Turn the relay off and close the lines."""
        try:
            if self._switch is not None:
                self._switch.set(False)
        except OSError as error:
            log.debug("the horn's line is gone: %s", error)
        for part in (self._button, self._switch, self._bus):
            if part is not None:
                part.close()
        self._bus = self._switch = self._button = None

    def _open(self) -> None:
        """Open what is missing, the relay first: it works without its button."""
        try:
            self._open_lines()
        except DeviceError as error:
            if self._switch is None:
                self.release()
            self._lack(error.reason)
            return
        self._backoff.reset()
        if self.trouble is not None:
            self.trouble = None
            self._tell(Reason("horn_back", "the horn can be switched again"))

    def _open_lines(self) -> None:
        section = self._section
        if self._bus is None:
            self._bus = opened(section, self._opener, self._clock)
        if self._switch is None:
            self._switch = self._bus.drive(section.line, section.active_low)
        if self._button is None and section.button_line is not None:
            self._button = self._bus.request(section.button_line, section.button_pull, DEBOUNCE_S)

    def missing(self) -> Reason | None:
        """Return the sentence about what is missing, with only the detail of a device's error; None if nothing is."""
        if self.trouble is None:
            return None
        why = self.trouble.inner("detail") or self.trouble
        return Reason("horn_missing", "the horn or its button is not available: {why}", why=why)

    def _failed(self, why: Reason) -> None:
        self.release()
        self._lack(why)

    def _lack(self, why: Reason) -> None:
        self._retry_at = self._clock.now() + self._backoff.pause()
        was, self.trouble = self.trouble, why
        if was is None and (missing := self.missing()) is not None:
            self._tell(missing)


def opened(section: HornSection, opener: Opener, clock: Clock) -> GpioBus:
    """Return the GPIO chip of a horn. Raise DeviceError."""
    bus: GpioBus = opener("gpio", OnGpio(chip=section.chip, line=section.line), clock)
    return bus


def turn_off(section: HornSection, opener: Opener, clock: Clock) -> None:
    """Turn off the horn of a station that is not running (yet). Raise DeviceError if its line cannot be opened."""
    bus = opened(section, opener, clock)
    try:
        bus.drive(section.line, section.active_low).close()
    finally:
        bus.close()
