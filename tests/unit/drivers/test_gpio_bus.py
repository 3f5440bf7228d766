"""The GPIO bus: the kernel's stamps on the station's clock, edges that the kernel lost, missing chips."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from gpiod import EdgeEvent

from drivers.buses.bus import OnGpio
from drivers.buses.gpio import GpioBus, KernelChip, KernelContact, KernelSwitch, Pull, open_gpio
from drivers.devices.pulses import INFO, Settings
from drivers.errors import Unplugged
from drivers.twins.bench import GpioWire
from drivers.twins.pulses import Twin
from edge.clock.clock import SystemClock
from edge.sim.clock import SimClock
from tests.kits.lanes import on_lane


class Queue:
    """A line request as gpiod gives it, with these events waiting."""

    def __init__(self, *events: EdgeEvent) -> None:
        self.batches = [list(events)] if events else []

    def wait_edge_events(self, timeout: timedelta) -> bool:
        """Return whether some are there, without waiting."""
        assert timeout == timedelta(0), "a read never waits in the kernel"
        return bool(self.batches)

    def read_edge_events(self, most: int) -> list[EdgeEvent]:
        """Return those that are there."""
        assert most == 1024
        return self.batches.pop(0)

    def release(self) -> None:
        """Note that it was given back."""


def event(at: float, number: int) -> EdgeEvent:
    """Return a falling edge at that instant of CLOCK_MONOTONIC, the line's `number`th."""
    made: Any = EdgeEvent
    return made(EdgeEvent.Type.FALLING_EDGE.value, round(at * 1e9), 17, number, number)  # type: ignore[no-any-return] # gpiod's own constructor is private


def test_edges_are_stamped_in_the_stations_clock() -> None:
    """A stamp of CLOCK_MONOTONIC becomes the same instant of the station's clock, suspended time included."""
    clock = SystemClock()
    monotonic, now = time.clock_gettime(time.CLOCK_MONOTONIC), clock.now()
    contact = KernelContact(Queue(event(monotonic - 2.5, 1)), clock)
    (edge,) = contact.edges()
    assert edge == pytest.approx(now - 2.5, abs=0.05)


def test_edges_that_the_kernel_could_not_keep_are_counted() -> None:
    """A gap in the line's numbers says how many edges fell out of the kernel's queue."""
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    contact = KernelContact(Queue(event(now, 1), event(now, 2), event(now, 43)), SystemClock())
    assert (len(contact.edges()), contact.lost) == (3, 40)


class Lines:
    """A chip whose every line is this contact."""

    def __init__(self, contact: KernelContact) -> None:
        self.contact = contact

    def request(self, line: int, pull: Pull, debounce: float) -> KernelContact:
        """Return the contact."""
        return self.contact

    def drive(self, line: int, active_low: bool) -> KernelSwitch:
        """Refuse: it has no outputs."""
        raise OSError

    def close(self) -> None:
        """Do nothing."""


def test_tips_that_the_kernel_could_not_keep_are_rain_all_the_same() -> None:
    """A lane that came too late for the kernel's queue still counts every tip."""
    now, clock = time.clock_gettime(time.CLOCK_MONOTONIC), SystemClock()
    contact = KernelContact(Queue(event(now, 1), event(now, 2), event(now, 43)), clock)
    settings = Settings(line=17, kind="rain", mm_per_tip=0.2)
    (rain,) = INFO.open(GpioBus(Lines(contact)), settings, clock).read()
    assert rain.value == pytest.approx(43 * 0.2)


def test_no_edges_is_an_empty_answer_at_once() -> None:
    """Without edges nothing is waited for."""
    assert KernelContact(Queue(), SystemClock()).edges() == []


@pytest.mark.parametrize("chip", ["/dev/gpiochip99", "pinctrl-none"])
def test_a_missing_chip_says_how_to_find_the_right_one(chip: str) -> None:
    """A chip that is not there, by path or by label, is named together with the command that lists them."""
    with pytest.raises(Unplugged, match=rf"{chip}.*gpiodetect"):
        open_gpio(OnGpio(chip=chip, line=17), SystemClock())


def test_a_file_that_is_no_chip_is_refused() -> None:
    """Any other device file is no GPIO chip."""
    with pytest.raises(Unplugged, match="/dev/null cannot be opened"):
        open_gpio(OnGpio(chip="/dev/null", line=17), SystemClock())


def test_bounces_are_one_closure() -> None:
    """A reed that closes four times within 2 ms has closed once, as the kernel's debouncing has it."""

    def body(clock: SimClock) -> int:
        settings = Settings(line=17, kind="rain", mm_per_tip=0.2)
        twin = Twin(settings, clock, 1)
        contact = GpioWire([(settings, twin)], clock).open(settings, clock).request(17, "up", 0.1)
        twin.set("rainfall_amount", 0.0)
        clock.sleep_until(60.0)
        twin.set("rainfall_amount", 2.0)
        return len(contact.edges())

    assert on_lane(body) == 10


class Asked:
    """Stands for /dev/gpiochip0, which this machine lacks: notes what is asked of it."""

    def __init__(self, path: str) -> None:
        self.path, self.said = path, [("opened", path)]

    def request_lines(self, lines: dict[int, Any], consumer: str) -> Asked:
        """Note the lines' settings."""
        ((line, wanted),) = lines.items()
        self.said.append((f"{line} {wanted.direction.name} {wanted.active_low}", wanted.output_value.name))
        return self

    def set_value(self, line: int, value: Any) -> None:
        """Note a level."""
        self.said.append((str(line), value.name))

    def release(self) -> None:
        """Note that it was given back."""
        self.said.append(("released", ""))


def test_a_relay_is_off_from_the_request_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Direction, sense and an inactive level are one request to the kernel: no relay clicks as its line is taken."""
    monkeypatch.setattr("gpiod.Chip", Asked)
    chip = KernelChip("/dev/gpiochip0", SystemClock())
    switch = GpioBus(chip).drive(27, active_low=True)
    switch.set(True)
    switch.set(False)
    switch.close()
    taken = ("27 OUTPUT True", "INACTIVE")
    assert chip._chip.said[1:] == [taken, ("27", "ACTIVE"), ("27", "INACTIVE"), ("released", "")]


def test_a_relay_without_its_line_is_said() -> None:
    """A board that has no such output is named by its line."""
    settings = OnGpio(line=99)
    with pytest.raises(Unplugged, match="line 99 is not available"):
        GpioWire([], SystemClock()).open(settings, SystemClock()).drive(99, active_low=False)
