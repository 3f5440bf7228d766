"""A bus of which nothing answers is one line, in the doctor's findings and in the status."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import NoAnswer
from drivers.reason import Reason
from edge.language.silent_sensors import silences
from edge.snapshots import SensorSnapshot
from provisioning.commands.finding import Finding
from provisioning.doctor.buses import by_bus

SILENT = NoAnswer(Reason("no_frame", "no frame in {seconds:g} s", seconds=10.0)).reason


def found(name: str, silent: bool) -> Finding:
    """Return what is found of a sensor."""
    return Finding("sensor", not silent, f"sensor {name}", "see" if silent else "", silent)


def test_a_dead_bus_is_one_finding() -> None:
    """Four sensors of a line that is down are one thing to see to, with all their names; other buses are as before."""
    sensors = [("shelter", "/dev/i2c-1"), *((name, "/dev/ttyUSB0") for name in ("cups", "vane", "rain", "sun"))]
    findings = [found(name, bus != "/dev/i2c-1") for name, bus in sensors]
    first, second = by_bus(sensors, findings)
    assert first == findings[0]
    assert (
        second.sentence == "/dev/ttyUSB0: none of its sensors answers (cups, vane, rain, sun); the first: sensor cups"
    )
    assert second.remedy.endswith(" see")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12))
def test_no_finding_is_lost(sensors: list[tuple[str, bool]]) -> None:
    """Where a bus has one sensor that answers, or only one, each of its sensors is told by itself."""
    named = [(f"s{place}", bus) for place, (bus, _silent) in enumerate(sensors)]
    findings = [found(name, silent) for (name, _bus), (_, silent) in zip(named, sensors, strict=True)]
    behind = Finding("clock", True, "clock")
    told = list(by_bus(named, [*findings, behind]))
    assert told[-1] == behind
    for bus in "abc":
        there = [finding for (_name, on), finding in zip(named, findings, strict=True) if on == bus]
        if len(there) > 1 and all(finding.silent for finding in there):
            assert sum(finding.sentence.startswith(f"{bus}: none") for finding in told) == 1
            assert not [finding for finding in told if finding in there]
        else:
            assert [finding for finding in told if finding in there] == there


def test_a_dead_bus_is_one_line_of_the_status() -> None:
    """The same of a running station; a lone sensor that is down on a bus that lives is named by itself."""
    bus = "modbus /dev/ttyUSB0"
    four = [SensorSnapshot(name, "modbus", bus, SILENT, 0, {}, {}) for name in ("cups", "vane")]
    lone = SensorSnapshot("dust", "plantower", "serial /dev/ttyUSB1", SILENT, 0, {}, {})
    assert [[s.name for s in group] for group, _reason in silences([*four, lone])] == [["cups", "vane"], ["dust"]]
    alive = SensorSnapshot("sun", "modbus", bus, None, 9, {}, {})
    assert [[s.name for s in group] for group, _reason in silences([*four, alive])] == [["cups"], ["vane"]]
