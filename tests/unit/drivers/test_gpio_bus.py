"""The GPIO bus: the kernel's stamps on the station's clock, edges that the kernel lost, missing chips."""

from __future__ import annotations

import errno
import os
import time
from datetime import timedelta
from typing import Any

import pytest
from gpiod import EdgeEvent
from hypothesis import given
from hypothesis import strategies as st

from drivers.buses.bus import OnGpio
from drivers.buses.gpio import (
    GpioBus,
    KernelChip,
    KernelContact,
    KernelSwitch,
    Pull,
    SteadyContact,
    no_line,
    open_gpio,
)
from drivers.devices.pulses import INFO, Settings
from drivers.errors import InUse, Unplugged
from drivers.twins.bench import GpioWire
from drivers.twins.pulses import Twin
from edge.clock.clock import SystemClock
from edge.sim.clock import SimClock
from tests.kits.lanes import on_lane

BOUNCES = st.lists(st.just(0.001), max_size=4)


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


def event(at: float, number: int, opens: bool = False) -> EdgeEvent:
    """Return an edge at that instant of CLOCK_MONOTONIC, the line's `number`th: falling, as the contact closes."""
    made: Any = EdgeEvent
    kind = EdgeEvent.Type.RISING_EDGE if opens else EdgeEvent.Type.FALLING_EDGE
    return made(kind.value, round(at * 1e9), 17, number, number)  # type: ignore[no-any-return] # gpiod's own constructor is private


def closures(began: list[float], lasting: float) -> list[EdgeEvent]:
    """Return the edges of closures that began then and last so many seconds."""
    edges = [(at + (lasting if opens else 0.0), opens) for at in began for opens in (False, True)]
    return [event(at, number, opens) for number, (at, opens) in enumerate(edges, 1)]


def test_edges_are_stamped_in_the_stations_clock() -> None:
    """A stamp of CLOCK_MONOTONIC becomes the same instant of the station's clock, suspended time included."""
    clock = SystemClock()
    monotonic, now = time.clock_gettime(time.CLOCK_MONOTONIC), clock.now()
    contact = KernelContact(Queue(event(monotonic - 2.5, 1)), clock, "up", 0.003)
    (edge,) = contact.edges()
    assert edge == pytest.approx(now - 2.5, abs=0.05)


def with_lost() -> Queue:
    """Return a queue of two closures, 40 clean ones lost between them."""
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    numbers = {1: -50.0, 2: -49.9, 83: -1.0, 84: -0.9}
    return Queue(*(event(now + at, number, number % 2 == 0) for number, at in numbers.items()))


def test_closures_that_the_kernel_could_not_keep_are_counted() -> None:
    """A gap in the line's numbers says how many edges fell out of the kernel's queue: as many closures as elsewhere."""
    contact = KernelContact(with_lost(), SystemClock(), "up", 0.003)
    assert (len(contact.edges()), contact.lost) == (2, 40)


GAUGE = Settings(line=17, kind="rain", mm_per_tip=0.2)


@pytest.mark.parametrize("lasting", [0.004, 0.03, 0.09])
def test_a_tip_counts_however_short_its_closure_is(lasting: float) -> None:
    """A magnet passes a reed in some hundredths of a second: the 100 ms are those in which no second tip can be."""
    now, clock = time.clock_gettime(time.CLOCK_MONOTONIC), SystemClock()
    contact = KernelContact(Queue(*closures([now - 5.0 + n for n in range(5)], lasting)), clock, "up", GAUGE.steady)
    (rain,) = INFO.open(GpioBus(Lines(contact)), GAUGE, clock).read()
    assert rain.value == pytest.approx(5 * 0.2)


def test_a_bucket_that_trembles_has_tipped_once() -> None:
    """Closures less than the debounce apart are one tip, however long they go on."""
    now, clock = time.clock_gettime(time.CLOCK_MONOTONIC), SystemClock()
    trembling = [now - 9.0 + n * 0.04 for n in range(8)]
    contact = KernelContact(Queue(*closures([*trembling, now - 5.0], 0.02)), clock, "up", GAUGE.steady)
    (rain,) = INFO.open(GpioBus(Lines(contact)), GAUGE, clock).read()
    assert rain.value == pytest.approx(2 * 0.2)


@given(st.lists(st.tuples(st.floats(0.0031, 0.2), st.floats(0.0031, 0.2), BOUNCES, BOUNCES), max_size=20), st.data())
def test_every_steady_closure_counts_once(
    course: list[tuple[float, float, list[float], list[float]]], data: st.DataObject
) -> None:
    """Whatever bounces as it closes and opens, and whenever the lane looks: steady for 3 ms is a closure."""
    contact, found, at, edges = SteadyContact(0.003), [], 100.0, []
    for closed, opened, *bounces in course:
        for last, late, closes in ((closed, bounces[0], True), (opened, bounces[1], False)):
            for _ in late:
                edges += [(at, closes), (at + 0.0001, not closes)]
                at += 0.001
            edges.append((at, closes))
            at += last
    for when, closes in edges:
        if data.draw(st.booleans()):
            found += contact.settled(when)
        found += contact.edge(when, closes)
    found += contact.settled(at)
    assert len(found) == len(course)


@pytest.mark.parametrize(("pull", "closing"), [("up", "FALLING_EDGE"), ("down", "RISING_EDGE")])
def test_the_kernel_gives_every_edge_and_debounces_none(
    monkeypatch: pytest.MonkeyPatch, pull: Pull, closing: str
) -> None:
    """Its debouncing waits whole ticks, in which the closures of a gale are lost."""
    monkeypatch.setattr("gpiod.Chip", Asked)
    contact: Any = KernelChip("/dev/gpiochip0", SystemClock()).request(17, pull, 0.003)
    assert contact._request.said[-1] == ("17 INPUT False", f"BOTH {timedelta(0)}")
    assert contact._closes == closing


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
    clock = SystemClock()
    contact = KernelContact(with_lost(), clock, "up", 0.003)
    settings = Settings(line=17, kind="rain", mm_per_tip=0.2)
    (rain,) = INFO.open(GpioBus(Lines(contact)), settings, clock).read()
    assert rain.value == pytest.approx(42 * 0.2)


def test_no_edges_is_an_empty_answer_at_once() -> None:
    """Without edges nothing is waited for."""
    assert KernelContact(Queue(), SystemClock(), "up", 0.003).edges() == []


@pytest.mark.parametrize("chip", ["/dev/gpiochip99", "pinctrl-none"])
def test_a_missing_chip_says_how_to_find_the_right_one(chip: str) -> None:
    """A chip that is not there, by path or by label, is named together with the command that lists them."""
    with pytest.raises(Unplugged, match=rf"{chip}.*gpiodetect"):
        open_gpio(OnGpio(chip=chip, line=17), SystemClock())


def test_a_line_that_another_program_holds_is_in_use() -> None:
    """The kernel's EBUSY is somebody who holds it; any other refusal is a line that is not there."""
    for number, kind in ((errno.EBUSY, InUse), (errno.EINVAL, Unplugged)):
        error = no_line(17, OSError(number, os.strerror(number)))
        assert type(error) is kind and "line 17 is not available" in str(error)
    assert type(no_line(99, ValueError("no such line"))) is Unplugged


def test_a_contact_gives_its_line_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the sensor that is opened anew after a failure finds its own line in use."""
    monkeypatch.setattr("gpiod.Chip", Asked)
    contact: Any = KernelChip("/dev/gpiochip0", SystemClock()).request(17, "up", 0.003)
    contact.close()
    assert contact._request.said[-1] == ("released", "")


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

    def request_lines(self, lines: dict[int, Any], consumer: str, event_buffer_size: int = 0) -> Asked:
        """Note the lines' settings."""
        ((line, wanted),) = lines.items()
        told = wanted.output_value.name
        if wanted.edge_detection.name != "NONE":
            told = f"{wanted.edge_detection.name} {wanted.debounce_period}"
        self.said.append((f"{line} {wanted.direction.name} {wanted.active_low}", told))
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
