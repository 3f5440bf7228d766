"""The SEN0575 rain gauge, the resistor vane and the 1-Wire thermometer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buses.bus import OnFile
from drivers.buses.file import open_file
from drivers.buses.i2c import I2CBus
from drivers.devices import sen0575, vane, w1_therm
from drivers.driver import DriverInfo, Frame, Refused
from drivers.errors import Garbled, NoAnswer, Unplugged, WrongDevice
from drivers.reason import Reason
from drivers.twins import vane as vane_twin
from drivers.twins.bench import Bench, bench
from drivers.twins.memory import MemoryI2C
from edge.clock.clock import SystemClock
from edge.sim.clock import SimClock
from tests.kits.lanes import on_lane

PATH = "/sys/bus/w1/devices/28-0/w1_slave"


def table(info: DriverInfo, clock: SimClock, **keys: Any) -> Bench:
    """Return the driver's twin on its bus."""
    return bench(info, info.settings(**keys), clock, seed=1)


def test_a_gauge_that_restarts_falls_back_to_nought() -> None:
    """Its total is its own: what it has forgotten shows as a fall, which the station knows how to read."""

    def body(clock: SimClock) -> list[float]:
        gauge = table(sen0575.INFO, clock)
        device = gauge.device(gauge.open())
        twin: Any = gauge.twin
        totals = []
        for rain in (3.0, 6.0):
            gauge.twin.set("rainfall_amount", rain)
            totals.append(device.read()[0].value)
        twin.restart()
        totals.append(device.read()[0].value)
        return totals

    assert on_lane(body) == pytest.approx([10 * 0.2794, 21 * 0.2794, 0.0])


def test_a_failing_bus_is_no_dry_hour() -> None:
    """Zeros from a dead bus, which the maker's library takes for a total of 0, are refused."""

    def body(clock: SimClock) -> None:
        gauge = table(sen0575.INFO, clock)
        device = gauge.device(gauge.open())
        twin: Any = gauge.twin
        twin.load = lambda register, count: bytes(count)
        with pytest.raises(Garbled, match="empty bus"):
            device.read()

    on_lane(body)


def test_another_device_at_the_gauges_address_is_told() -> None:
    """Another product or maker is named by its numbers."""
    with pytest.raises(WrongDevice, match="product 0x100c1"):
        sen0575.identify(bytes.fromhex("c1004373"))
    sen0575.identify(bytes.fromhex("c0004373"))


@pytest.mark.parametrize("degrees", [22.5 * n for n in range(16)])
def test_the_vane_points_where_it_points(degrees: float) -> None:
    """Each of the sixteen sectors comes out of the divider's voltage, undoubted."""

    def body(clock: SimClock) -> tuple[float, Reason | None]:
        wind = table(vane.INFO, clock)
        wind.twin.set("wind_from_direction", degrees)
        (reading,) = wind.device(wind.open()).read()
        return reading.value, reading.doubt

    assert on_lane(body) == (degrees, None)


@given(st.floats(0, 1))
def test_a_share_between_two_sectors_is_doubted(share: float) -> None:
    """A cut or shorted cable has no direction, a share between two sectors a doubtful one."""
    shares = vane.Settings().shares
    try:
        degrees, doubt = vane.sector(share, shares)
    except NoAnswer:
        assert share > 0.96 or share < 0.03
        return
    nearest = min(abs(share - expected) for expected, _ in shares)
    assert degrees in {place for _, place in shares}
    assert doubt is None or nearest > 0.002


def test_a_cut_cable_of_the_vane_is_said() -> None:
    """All of the supply at the input means that no contact closes."""
    with pytest.raises(NoAnswer, match="cable cut"):
        vane.sector(0.999, vane.Settings().shares)


def test_a_shorted_cable_of_the_vane_is_said() -> None:
    """The least resistance of the vane is 0.064 of the supply: 0 V would else be the wind of 112.5 degrees."""
    with pytest.raises(NoAnswer, match="shorted"):
        vane.sector(0.0, vane.Settings().shares)


def test_a_vane_between_two_sectors_is_doubtful() -> None:
    """Half way between two neighbours' shares, as of a corroded plug, nobody knows which it is."""
    (low, _), (high, _) = vane.Settings().shares[-2:]
    assert vane.sector((low + high) / 2, vane.Settings().shares)[1] == vane.BETWEEN


@pytest.mark.parametrize("number", range(4))
def test_a_vane_is_read_at_its_own_input(number: int) -> None:
    """Of the converter's four inputs the one of the settings counts."""

    def body(clock: SimClock) -> float:
        wind = table(vane.INFO, clock, input=number)
        wind.twin.set("wind_from_direction", 270.0)
        return wind.device(wind.open()).read()[0].value

    assert on_lane(body) == 270.0


def test_a_conversion_of_another_input_is_no_direction() -> None:
    """A converter that was set to another input behind the driver's back is refused."""

    class Elsewhere(vane_twin.Twin):
        is_set = False

        def load(self, register: int, count: int) -> bytes:
            return b"\xd3\xe3" if register == 1 and self.is_set else super().load(register, count)

    def body(clock: SimClock) -> None:
        twin = Elsewhere(vane.Settings(), clock, 1)
        device = vane.INFO.open(I2CBus(MemoryI2C(clock, [twin]), clock), vane.Settings(), clock)
        twin.is_set = True
        with pytest.raises(Garbled, match="not the one asked for"):
            device.read()

    on_lane(body)


GOOD = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"


def test_the_kernels_text_gives_its_temperature() -> None:
    """The example of the kernel's documentation is 23.125 degC; the sensor's -10.125 degC is below nought."""
    assert w1_therm.decoded(GOOD) == (23.125, None)
    cold = "5e ff 4b 46 7f ff 02 10 b6"
    text = f"{cold} : crc=b6 YES\n{cold} t=-10125\n"
    assert w1_therm.decoded(text) == (-10.125, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD.replace("YES", "NO"),
        GOOD.replace("72 01", "73 01"),
        GOOD[:40],
        "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n",
        "ff ff ff ff ff ff ff ff ff : crc=c9 NO\nff ff ff ff ff ff ff ff ff t=-62\n",
        "ff ff ff ff ff ff ff ff c9 : crc=c9 YES\nff ff ff ff ff ff ff ff c9 t=-62\n",
    ],
)
def test_a_text_that_is_no_measurement_is_refused(text: str) -> None:
    """A wrong CRC, a cut text, one byte again and again (also with its CRC): none of them is a temperature."""
    with pytest.raises(Garbled):
        w1_therm.decoded(text)


@given(st.text(max_size=200))
def test_any_text_is_a_temperature_or_refused(text: str) -> None:
    """Whatever stands in the file, there is a temperature or a Garbled, nothing else."""
    try:
        value, _ = w1_therm.decoded(text)
    except Garbled:
        return
    assert -1000 < value < 1000


def test_the_power_on_value_is_doubted() -> None:
    """85 degC is what a sensor holds before its first conversion."""
    pad = "50 05 4b 46 7f ff 0c 10 1c"
    value, doubt = w1_therm.decoded(f"{pad} : crc=1c YES\n{pad} t=85000\n")
    assert (value, doubt and doubt.code) == (85.0, "power_on_value")


def test_a_thermometer_that_is_not_there_is_unplugged(tmp_path: Any) -> None:
    """The kernel takes the file away with the sensor: before it is opened, and after."""
    path = tmp_path / "w1_slave"
    with pytest.raises(Unplugged, match="does not see the device"):
        open_file(OnFile(path=str(path)), SystemClock())
    path.write_text(GOOD)
    bus = open_file(OnFile(path=str(path)), SystemClock())
    device = w1_therm.INFO.open(bus, w1_therm.Settings(path=str(path)), SystemClock())
    assert device.read()[0].value == 23.125
    path.unlink()
    with pytest.raises(Unplugged):
        device.read()


def gauge_decoder() -> Any:
    """Return the rain gauge's decoder of recorded registers."""
    assert sen0575.INFO.decoder is not None
    return sen0575.INFO.decoder(sen0575.Settings())


def test_recorded_registers_are_a_stream_of_lines() -> None:
    """Lines cut anywhere give the same frames, with their places; what is no such line is refused by itself."""
    lines = [
        json.dumps({"registers": {"0x00": "c0004373"}}).encode(),
        json.dumps({"registers": {"0x10": "ea0a0000"}}).encode(),
        b"not json",
        b'{"registers": {"0x10": "zz"}}',
        json.dumps({"registers": {"0x10": "d4150000"}}).encode(),
    ]
    data = b"\n".join(lines)
    decoder = gauge_decoder()
    apart = [item for at in range(len(data)) for item in decoder.feed(data[at : at + 1])] + list(decoder.finish())
    whole = gauge_decoder()
    assert apart == [*whole.feed(data), *whole.finish()]
    assert [type(item) for item in apart] == [Frame, Refused, Refused, Frame]
    assert [item.readings[0].value for item in apart if isinstance(item, Frame)] == pytest.approx([0.2794, 0.5588])
    assert data[apart[1].offset :].startswith(b"not json")


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_lines_or_refused(data: bytes, size: int) -> None:
    """However the bytes come and whatever they are, the places of what is refused lie one after the other."""
    decoder = gauge_decoder()
    items = [item for at in range(0, len(data), size) for item in decoder.feed(data[at : at + size])]
    items += list(decoder.finish())
    ends = [0, *(item.offset + item.length for item in items)]
    assert all(item.offset >= end for item, end in zip(items, ends))
    assert ends[-1] <= len(data)


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    """A stream without line ends is refused piece by piece, and a good line after it is read."""
    decoder = gauge_decoder()
    endless = [item for _ in range(5) for item in decoder.feed(b"x" * 10_000)]
    assert len(endless) == 3 and all(isinstance(item, Refused) for item in endless)
    good = json.dumps({"registers": {"0x10": "ea0a0000"}}).encode()
    rest = [*decoder.feed(b"\n" + good), *decoder.finish()]
    assert [type(item) for item in rest] == [Refused, Frame]
