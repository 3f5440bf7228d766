"""NMEA 0183 wind and weather sentences: recordings of five makers, traps of the form, the twin."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pynmea2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.checksums import xor8
from drivers.devices.nmea import INFO, NmeaDecoder, NmeaSettings
from drivers.driver import Frame, Refused
from drivers.errors import DeviceError, Garbled, NoAnswer
from drivers.twins.twin import Fault
from tests.data import shared
from tests.kits.streams import Bench, cut, decode

# JohnORaw/Airmar logs, a 110WX on a bench
MWV = b"$WIMWV,224.8,R,0.3,N,A*2C\r\n"
MDA = b"$WIMDA,29.5654,I,1.0012,B,20.7,C,,,54.3,,11.1,C,,,,,,,,*7E\r\n"
XDR = b"$YXXDR,C,,C,WCHR,C,,C,WCHT,C,,C,HINX,P,1.0012,B,STNP*49\r\n"


def decoder(**keys: object) -> NmeaDecoder:
    """Return the decoder under these settings."""
    return NmeaDecoder(NmeaSettings.model_validate({"port": "/dev/null", **keys}))


def sentence(text: str) -> bytes:
    """Return the sentence with its check sum."""
    key = 0
    for character in text:
        key ^= ord(character)
    return f"${text}*{key:02X}".encode()


def values(item: Frame | Refused) -> dict[str, float]:
    """Return a frame's values by quantity."""
    assert isinstance(item, Frame), item
    return {reading.quantity: reading.value for reading in item.readings}


def refusals(items: list[Frame | Refused]) -> Counter[str]:
    """Count the refused pieces by their reason."""
    return Counter(str(item.reason) for item in items if isinstance(item, Refused))


def test_worked_examples() -> None:
    """Sentences of a real head give the wind in m/s, and temperature, humidity and pressure in their units."""
    wind, mda, xdr = decode(decoder(), MWV + MDA + XDR)
    assert values(wind) == {"wind_from_direction": 224.8, "wind_speed": pytest.approx(0.15433, abs=1e-5)}
    assert values(mda) == {
        "air_pressure": pytest.approx(1001.2),
        "air_temperature": 20.7,
        "relative_humidity": 54.3,
    }
    assert values(xdr) == {"air_pressure": pytest.approx(1001.2)}


@pytest.mark.parametrize(
    ("name", "cut_short"),
    [("141756", 1), ("142124", 1), ("142246", 0), ("142442", 1), ("142558", 0), ("142645", 0), ("142801", 1)],
)
def test_airmar_recordings_are_read_to_the_last_sentence(name: str, cut_short: int) -> None:
    """Each sentence of the Airmar recordings is read; only a first one that lacks its beginning is refused."""
    data = shared(f"device-bytes/airmar110wx_20241230-{name}.nmea").read_bytes()
    items = decode(decoder(), data)
    assert refusals(items) == ({"cut short": 1} if cut_short else {})
    good = [line for line in data.splitlines() if line.startswith(b"$")]
    assert len(items) - cut_short == len(good)
    for item, line in zip(items[cut_short:], good):
        assert isinstance(item, Frame)
        assert data[item.offset : item.offset + item.length] == line
        parsed = pynmea2.parse(line.decode(), check=True)
        if parsed.sentence_type == "MWV":
            assert values(item)["wind_from_direction"] == float(parsed.wind_angle)
            assert values(item)["wind_speed"] == pytest.approx(float(parsed.wind_speed) * 1852 / 3600)
        if parsed.sentence_type == "MDA":
            assert values(item)["air_temperature"] == float(parsed.air_temp)
            assert values(item)["relative_humidity"] == float(parsed.rel_humidity)
            assert values(item)["air_pressure"] == pytest.approx(float(parsed.b_pressure_bar) * 1000)


def test_burst_without_line_ends() -> None:
    """An LCJ CV7's buffer without line ends gives its wind and temperature; sentences without a sum give none."""
    items = decode(decoder(), shared("device-bytes/lcj_cv7_burst_no_newlines.txt").read_bytes())
    found = [values(item) for item in items if isinstance(item, Frame)]
    air, wind = (
        {"air_temperature": 25.0},
        {"wind_from_direction": 314.0, "wind_speed": pytest.approx(0.10289, abs=1e-5)},
    )
    assert found == [air, wind, air, wind, air]
    assert refusals(items) == {"no checksum": 4, "cut short": 1}


def test_nasa_meter_with_short_transducer_groups() -> None:
    """A NASA meter's XDR of three fields is a temperature, its calm wind is nought."""
    items = decode(decoder(), shared("device-bytes/nasa_wind_meter.nmea").read_bytes())
    assert [values(item) for item in items[:2]] == [
        {"wind_from_direction": 65.0, "wind_speed": 0.0},
        {"air_temperature": 16.0},
    ]
    assert len(items) == 8
    assert not refusals(items)


def test_nke_empty_angle_gives_no_direction() -> None:
    """A wind without an angle, status A, gives its speed and no direction; other sentences give nothing."""
    items = decode(decoder(), shared("device-bytes/nke_box_wifi.nmea").read_bytes())
    found = [values(item) for item in items]
    winds = [each for each in found if "wind_speed" in each]
    assert winds[0] == {"wind_speed": pytest.approx(0.72022, abs=1e-5)}
    assert [wind.get("wind_from_direction") for wind in winds] == [None, 173.0, 167.0, 167.0]
    assert [each["air_temperature"] for each in found if "air_temperature" in each] == [11.4, 12.6]
    assert len(items) == 22
    assert not refusals(items)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("WIMWV,214.8,R,0.1,K,V", "status V"),
        ("WIMWV,214.8,R,0.1,K,02", "status 02"),
        ("WIMWV,214.8,R,0.1,K", "status missing"),
        ("WIMWV,214.8,R,0.1,,A", "unit missing"),
        ("WIMWV,214.8,R,0.1,Q,A", 'unknown unit "Q"'),
        ("WIMWV,2x4.8,R,0.1,K,A", "not a number"),
    ],
)
def test_wind_that_is_no_wind_is_refused(text: str, reason: str) -> None:
    """A sentence that the head itself calls void, or whose fields are none, is refused for that reason."""
    (item,) = decode(decoder(), sentence(text))
    assert isinstance(item, Refused)
    assert (item.offset, item.length, str(item.reason)) == (0, len(sentence(text)), reason)


def test_gill_status_00_is_good_and_its_printed_example_is_not() -> None:
    """Gill's own status 00 is a good wind; the check sum printed in its manual is wrong and refused."""
    (item,) = decode(decoder(), sentence("WIMWV,120,R,002.10,M,00"))
    assert values(item) == {"wind_from_direction": 120.0, "wind_speed": 2.1}
    assert refusals(decode(decoder(), b"$IIMWV,120,R,002.10,M,A*5D")) == {"checksum": 1}
    assert values(decode(decoder(), b"$IIMWV,120,R,002.10,M,A*10")[0])["wind_speed"] == 2.1


def test_reference_is_kept_apart_and_the_mast_turned() -> None:
    """Theoretical wind is never taken for relative wind, and the bow mark's heading is added to the angle."""
    both = sentence("WIMWV,350.0,R,5.0,M,A") + sentence("WIMWV,100.0,T,9.0,M,A")
    assert [values(item) for item in decode(decoder(heading=30.0), both)] == [
        {"wind_from_direction": 20.0, "wind_speed": 5.0},
        {},
    ]
    assert values(decode(decoder(wind="T"), both)[0]) == {}
    mwd = sentence("WIMWD,270.0,T,268.1,M,9.7,N,5.0,M") + sentence("WIMWD,,T,,M,9.7,N,,M")
    first, second = decode(decoder(wind="MWD", heading=30.0), mwd)
    assert values(first) == {"wind_from_direction": 270.0, "wind_speed": 5.0}
    assert values(second) == {"wind_speed": pytest.approx(4.990, abs=1e-3)}


def test_tag_blocks_are_no_fault() -> None:
    """A tag block before a sentence is passed over."""
    (item,) = decode(decoder(), b"\\c:1609459200*60\\" + MWV)
    assert values(item)["wind_from_direction"] == 224.8


def test_wind_chill_is_no_air_temperature() -> None:
    """Transducers are told by their id: wind chill, heat index and battery are not the air's."""
    text = "YXXDR,C,-8.0,C,WCHR,C,-9.0,C,WCHT,C,30.0,C,HINX,U,12.1,V,Bat,C,4.5,C,AirTemp,H,81.0,P,RH,P,90120,P,BARO"
    (item,) = decode(decoder(), sentence(text))
    assert values(item) == {
        "air_temperature": 4.5,
        "relative_humidity": 81.0,
        "air_pressure": pytest.approx(901.2),
    }


@given(st.data())
def test_decoding_does_not_depend_on_the_chunks(data: st.DataObject) -> None:
    """The same bytes give the same frames and refusals however they come in."""
    parts = st.sampled_from(
        [MWV, MDA, MWV[:-2], MWV[:12], MDA[9:], b"$", b"\\", b"*", b"\r\n", b"\xff" * 600, b"!A*41"]
    )
    stream = b"".join(data.draw(st.lists(parts, max_size=10)))
    whole = decode(decoder(), stream)
    assert decode(decoder(), *data.draw(cut(stream))) == whole


@given(st.binary(max_size=300) | st.text("$*,\\!AMWVIXDRC0159.\r\n", max_size=200).map(str.encode))
def test_any_bytes_are_refused_and_a_good_sentence_after_them_read(noise: bytes) -> None:
    """Noise gives no reading and no failure, and a sentence after a line end is read."""
    items = decode(decoder(), noise, b"\r\n", MWV)
    assert values(items[-1])["wind_from_direction"] == 224.8
    assert not any(values(item) for item in items[:-1] if isinstance(item, Frame))


@pytest.mark.parametrize("wind", ["R", "T", "MWD"])
def test_twin_measures_what_it_is_set_to(wind: str) -> None:
    """The wind against north that the twin is set to is what the driver gives, on a mast turned by 100 degrees."""
    with Bench(INFO, {"wind": wind, "heading": 100.0, "met": True}) as bench:
        for quantity, value in {
            "wind_speed": 7.4,
            "wind_from_direction": 13.0,
            "air_temperature": -2.5,
            "relative_humidity": 97.1,
            "air_pressure": 871.2,
        }.items():
            bench.twin.set(quantity, value)
        bench.run(10.0)
        got = {reading.quantity: reading.value for frame in bench.frames for reading in frame}
        assert got["wind_speed"] == pytest.approx(7.4, abs=0.01)
        assert got["wind_from_direction"] == pytest.approx(13.0, abs=0.1)
        assert got["air_temperature"] == -2.5
        assert got["relative_humidity"] == 97.1
        assert got["air_pressure"] == pytest.approx(871.2)
        assert len(bench.frames) == 30
        assert not bench.errors


@pytest.mark.parametrize(("fault", "error"), [(Fault.SILENT, NoAnswer), (Fault.NOISE, Garbled), (Fault.SHORT, Garbled)])
def test_faults_are_told_and_pass(fault: Fault, error: type[DeviceError]) -> None:
    """A silent, noisy or halting head is told as such, and is read again as soon as it behaves."""
    with Bench(INFO, {}) as bench:
        bench.run(5.0)
        bench.twin.misbehave(fault)
        bench.run(40.0)
        during = len(bench.frames)
        assert {type(found) for found in bench.errors} == {error}
        assert during <= 20  # noise may fall on a line end, which spoils nothing
        bench.twin.misbehave(None)
        bench.run(50.0)
        assert len(bench.frames) >= during + 18


def heard(*bodies: str, **keys: Any) -> list[dict[str, float]]:
    """Return the readings of each frame that these sentences (without $ and check sum) give."""
    data = b"".join(b"$%s*%02X\r\n" % (body.encode(), xor8(body.encode())) for body in bodies)
    items = decode(NmeaDecoder(NmeaSettings(port="/dev/x", **keys)), data)
    frames = [item for item in items if isinstance(item, Frame)]
    return [{reading.quantity: round(reading.value, 2) for reading in frame.readings} for frame in frames]


@given(address=st.integers(0, 9), wind=st.integers(0, 359), speed=st.integers(0, 600), heading=st.integers(0, 359))
def test_a_weather_head_s_mean_wind_and_air_are_read_from_xdr(
    address: int, wind: int, speed: int, heading: int
) -> None:
    """Whatever address a head has, its mean wind and its air are read, and nothing of its box."""
    ids = (address, address + 1, address + 2)
    angles = ",".join(f"A,{(wind + at) % 360},D,{name}" for at, name in zip((-5, 0, 5), ids))
    speeds = ",".join(f"S,{(speed + at) / 10},M,{name}" for at, name in zip((0, 0, 5), ids))
    air = f"C,3.4,C,{address},C,21.5,C,{address + 1},H,88.1,P,{address},P,968.2,H,{address}"
    assert heard(f"WIXDR,{angles},{speeds}", f"WIXDR,{air}", "WIXDR,C,35.0,C,7,U,12.1,V,7", heading=heading) == [
        {"wind_from_direction": (wind + heading) % 360, "wind_speed": speed / 10},
        {"air_temperature": 3.4, "relative_humidity": 88.1, "air_pressure": 968.2},
        {},
    ]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("IIVWR,45.0,L,6.0,N,3.1,M,11.1,K", {"wind_speed": 3.1, "wind_from_direction": 315.0}),
        ("IIVWR,45.0,R,6.0,N,,M,,K", {"wind_speed": 3.09, "wind_from_direction": 45.0}),
        ("IIVWR,000.0,,6.0,N,3.1,M,,K", {"wind_speed": 3.1, "wind_from_direction": 0.0}),
        ("IIVWR,180.0,,6.0,N,3.1,M,,K", {"wind_speed": 3.1, "wind_from_direction": 180.0}),
        ("IIMTA,-2.3,C", {"air_temperature": -2.3}),
        ("IIMHU,81.0,,-4.0,C", {"relative_humidity": 81.0}),
        ("IIMMB,29.92,I,1.0132,B", {"air_pressure": 1013.2}),
        (
            "WIXDR,C,275.1,K,AIRTEMP#CAL,P,96820,P,AIRP,H,71,P,AIRH",
            {"air_temperature": 1.95, "air_pressure": 968.2, "relative_humidity": 71.0},
        ),
        ("WIXDR,C,14.0,C,WATERTEMP,C,3.0,C,WCHR,C,80.0,C,ENGINE#1", {}),
    ],
)
def test_sentences_and_ids_as_makers_write_them_are_read(body: str, found: dict[str, float]) -> None:
    """Wind to the left and right of the bow, the single sentences of air, kelvins and decorated ids are taken."""
    assert heard(body, met=True) == [found]


@given(
    angle=st.floats(-1000, 1000).map(lambda value: round(value, 1)),
    speed=st.floats(-50, 50).map(lambda value: round(value, 1)),
)
def test_an_angle_that_is_none_and_a_speed_below_nought_give_no_wind(angle: float, speed: float) -> None:
    """A "not available" that is sent as a number with status A is refused whole, never taken modulo a turn."""
    good = -180 <= angle <= 360 and speed >= 0
    found = heard(f"WIMWV,{angle},R,{speed},M,A", f"WIMWD,{angle},T,,M,,N,{speed},M")
    assert [bool(one) for one in found] == ([True, False] if good else [False])


def test_a_head_that_sends_its_wind_twice_is_read_once() -> None:
    """Of the same wind as MWV and as VWR or XDR only the first form is taken from then on."""
    vwr = "IIVWR,45.0,L,6.0,N,3.1,M,11.1,K"
    assert list(map(bool, heard(vwr, "WIMWV,315.0,R,3.1,M,A", vwr, "WIXDR,A,300,D,1"))) == [True, True, False, False]
    assert list(map(bool, heard(vwr, "WIXDR,A,300,D,1", vwr))) == [True, False, True]
