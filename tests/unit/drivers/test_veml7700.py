"""The VEML7700: counts to lux, the makers' curve and its end, and stepping by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buses.i2c import I2CBus
from drivers.devices.veml7700 import INFO, MOST, Sensitivity, Settings, corrected
from drivers.driver import Frame
from drivers.errors import Garbled
from drivers.reading import Reading
from drivers.twins.memory import MemoryI2C
from drivers.twins.veml7700 import Twin
from edge.sim.clock import SimClock
from tests.data import shared
from tests.kits.lanes import on_lane

GAINS = {"1": 1.0, "2": 2.0, "1/4": 0.25, "1/8": 0.125}


def vectors() -> list[dict[str, Any]]:
    """Return the recorded and worked examples."""
    return [json.loads(line) for line in shared("device-bytes/veml7700_vectors.jsonl").read_text().splitlines()]


def test_worked_counts_give_their_lux() -> None:
    """1480 counts are 85.248 lx at gain 1 and 100 ms, 3183.2 lx (curve applied) at gain 1/8 and 25 ms."""
    checked = 0
    for row in vectors():
        if "als_bytes_le" not in row:
            continue
        conf = Sensitivity(GAINS[row["gain"]], row["it_ms"]).conf.to_bytes(2, "little").hex()
        line = json.dumps({"registers": {"0x00": conf, "0x04": row["als_bytes_le"]}}).encode() + b"\n"
        assert INFO.decoder is not None
        (frame,) = INFO.decoder(Settings()).feed(line)
        assert isinstance(frame, Frame)
        assert frame.readings[0].value == pytest.approx(row.get("lux", row.get("lux_corrected")), abs=0.001)
        checked += 1
    assert checked == 2


def test_the_curve_is_the_application_notes() -> None:
    """1500 lx counted are 1658 lx; at 1000 lx or less and at the large gains nothing is corrected."""
    row = next(row for row in vectors() if row.get("lux_linear") == 1500)
    assert corrected(1500.0, 0.125)[0] == pytest.approx(row["lux_corrected"], abs=0.5)
    assert corrected(1000.0, 0.125) == (1000.0, None)
    assert corrected(1500.0, 1.0) == (1500.0, None)


def test_a_lamp_gives_the_same_lux_at_every_integration_time() -> None:
    """The recorded counts of one lamp at 25, 50 and 100 ms come to the same light within 1 %."""
    row = next(row for row in vectors() if row.get("real"))
    lux = [
        Sensitivity(1.0, int(ms)).lux(sum(counts) / len(counts), 0.0036)
        for ms, counts in row["counts_by_it_ms"].items()
    ]
    assert max(lux) / min(lux) < 1.01


@given(st.floats(0, 1e9))
def test_the_curve_never_runs_away(lux: float) -> None:
    """However bright, no more than 140 klx is given, and what lies beyond the curve is doubted."""
    value, doubt = corrected(lux, 0.125)
    assert 0 <= value <= MOST
    assert (doubt is None) == (value < MOST)


def seen(*lights: float, settings: Settings | None = None) -> list[Reading]:
    """Return one reading under each light, 10 s apart."""
    used = settings or Settings()

    def body(clock: SimClock) -> list[Reading]:
        twin = Twin(used, clock, 1)
        device = INFO.open(I2CBus(MemoryI2C(clock, [twin]), clock), used, clock)
        readings: list[Reading] = []
        for lux in lights:
            twin.set("illuminance", lux)
            clock.sleep_until(clock.now() + 10)
            readings += device.read()
        return readings

    return on_lane(body)


LIGHTS = (0.0, 0.3, 130_000.0, 2.0, 60_000.0, 999.0, 1_200.0, 20_000.0, 0.05, 118_000.0)


@pytest.mark.parametrize("scale", [0.0036, 0.0042])
def test_dark_and_mountain_sun_are_read_in_one_reading_each(scale: float) -> None:
    """From night to full sun and back every first reading is right: no counts of the old sensitivity pass."""
    readings = seen(*LIGHTS, settings=Settings(lux_per_count=scale))
    for lux, reading in zip(LIGHTS, readings):
        assert reading.doubt is None
        assert reading.value == pytest.approx(lux, rel=0.002, abs=scale)


def test_saturation_is_doubted() -> None:
    """65535 counts at the least sensitive setting are no measurement of the light."""
    (reading,) = seen(500_000.0, settings=Settings(lux_per_count=0.0042))
    assert str(reading.doubt) == "saturated"


def test_a_chip_that_lost_power_is_not_believed_and_is_set_up_again() -> None:
    """Switched off behind the driver's back the chip shows old counts: refused once, then right again."""

    def body(clock: SimClock) -> float:
        twin = Twin(Settings(), clock, 1)
        device = INFO.open(I2CBus(MemoryI2C(clock, [twin]), clock), Settings(), clock)
        device.read()
        twin.store(0, b"\x01\x00")
        twin.set("illuminance", 777.0)
        with pytest.raises(Garbled, match="lost power"):
            device.read()
        (reading,) = device.read()
        return reading.value

    assert on_lane(body) == pytest.approx(777.0, rel=0.002)
