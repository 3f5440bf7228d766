"""What a device says without having measured it is no value: neither a frost nor a good reading."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.buses.rtu import crc_fits
from drivers.catalog import find
from drivers.checksums import crc8, crc8_maxim, xor8
from drivers.devices import w1_therm
from drivers.devices.modbus_registers import not_void, plan
from drivers.devices.profiles import load
from drivers.driver import Channel, Frame, Refused
from drivers.errors import Garbled
from drivers.limits import DriverLimits
from drivers.reading import Reading
from drivers.twins.modbus import sealed
from tests.data import shared

RECORDED = {"nmea": "*.nmea", "vedirect": "vedirect*text.bin"}
SENTINELS = (0xFFFF, 0x7FFF, 0x8000)


def fed(name: str, data: bytes, **keys: Any) -> list[Frame | Refused]:
    """Return all that a driver's decoder makes of the bytes."""
    info = find(name)
    assert info.decoder is not None
    given = {"port": "/dev/x"} | keys
    decoder = info.decoder(info.settings.model_validate({k: value for k, value in given.items() if value is not None}))
    return [*decoder.feed(data), *decoder.finish()]


def readings(items: list[Frame | Refused]) -> list[Reading]:
    """Return the readings in all frames."""
    return [reading for item in items if isinstance(item, Frame) for reading in item.readings]


def answer(*words: int) -> bytes:
    """Return a right answer of device 1 that holds these words."""
    return sealed(bytes([1, 3, 2 * len(words)]) + b"".join(word.to_bytes(2, "big") for word in words))


@pytest.mark.parametrize("profile", ["th-renke", "rs485-th", "rs-ecth", "rs-gz-n01-2", "sensecap-one"])
@given(data=st.data())
def test_words_that_stand_for_no_value_alone_give_no_reading(profile: str, data: st.DataObject) -> None:
    """Whatever sentinels fill an answer of several values, none of them becomes a reading."""
    items = [item for ask in plan(load(profile)) for item in ask.items]
    word = data.draw(st.sampled_from(SENTINELS)) if data.draw(st.booleans()) else None
    words: dict[tuple[int, int], int] = {}
    for item in items:
        drawn = word or data.draw(st.sampled_from(SENTINELS))
        words[item.high] = drawn
        if item.low is not None:
            words[item.low] = 0 if drawn == 0x8000 else 0xFFFF
    assert not_void(items, words) == ()


@given(sentinel=st.sampled_from(SENTINELS), cold=st.integers(-400, 600))
def test_a_sentinel_takes_its_neighbour_along_and_spares_what_was_measured(sentinel: int, cold: int) -> None:
    """A humidity that is a sentinel voids a temperature that is one too, and leaves any other temperature."""
    data = answer(sentinel, cold & 0xFFFF)
    assume(not crc_fits(data[:8]))  # as one in 65536 is, by chance, and is then taken for a request
    found = readings(fed("modbus", data, profile="th-renke"))
    shown = [(reading.quantity, round(reading.value, 1)) for reading in found if reading.doubt is None]
    assert shown == ([] if cold & 0xFFFF in SENTINELS else [("air_temperature", cold / 10)])


@pytest.mark.parametrize("word", [0xFFFF, 0xFFFE, 0x8080, 0x7F7F, 0x55AA])
def test_words_of_a_particle_sensor_s_hygrometer_that_are_alike_and_impossible_are_no_frost(word: int) -> None:
    """A SEN5x whose humidity and temperature are one impossible word tells its particles alone, its CRC being right."""
    words = [bytes([number >> 8, number & 0xFF]) for number in (10, 12, 13, 14, word, word, 10, 10)]
    line = {"registers": {"0x03c4": b"".join(two + bytes([crc8(two)]) for two in words).hex()}}
    found = readings(fed("sen5x", json.dumps(line).encode(), model="SEN55", port=None))
    assert [reading.quantity for reading in found] == ["pm1", "pm2p5", "pm10"]


def test_a_burst_of_ones_is_no_humidity() -> None:
    """What a BME280 computes with an impossible temperature is doubted with it: ff in all is not fog at 100 %."""
    lines = shared("device-bytes/bme280_vectors.jsonl").read_text().splitlines()
    chip = next(json.loads(line) for line in lines if "calib_88_a1" in line)
    held = {"0x88": chip["calib_88_a1"], "0xE1": chip["calib_e1_e7"], "0xF7": "ff" * 8}
    line = {"registers": {register: octets.replace(" ", "") for register, octets in held.items()}}
    found = readings(fed("bme280", json.dumps(line).encode(), port=None))
    assert len(found) == 3
    assert all(reading.doubt for reading in found)


@pytest.mark.parametrize("word", [0xFFFF, 0xFFFE, 0x8080, 0x7F7F, 0x55AA])
def test_a_particle_sensor_s_climate_of_one_word_is_no_frost(word: int) -> None:
    """A PMS5003T whose hygrometer is away tells its particles alone, its sum being right."""
    body = struct.pack(">14H", 28, 5, 8, 9, 5, 8, 9, 900, 260, 50, 6, word, word, 0x9700)
    frame = b"BM" + body + struct.pack(">H", sum(b"BM" + body))
    found = readings(fed("plantower", frame, model="PMS5003T"))
    assert [(reading.quantity, reading.doubt) for reading in found] == [
        (name, None) for name in ("pm1", "pm2p5", "pm10")
    ]


@pytest.mark.parametrize("word", [0xFF00, 0xFFFE, 0xFF9D, 0x8001])
@pytest.mark.parametrize("profile", ["station-renke", "station-co2", "sensecap-orch-s4", "sen0658"])
def test_one_word_in_all_registers_of_a_station_is_no_frost(profile: str, word: int) -> None:
    """Also where some quantities take two registers and others one: of all of it nothing was measured."""
    for ask in plan(load(profile)):
        if any(item.low for item in ask.items):
            words = dict.fromkeys(ask.places, word)
            assert not_void(ask.items, words) == ()


@pytest.mark.parametrize("sentinel", [0xFFFFFFFF, 0x7FFFFFFF, 0x80000000])
def test_a_thermometer_of_two_registers_that_is_away_is_no_frost(sentinel: int) -> None:
    """All ones in both are -0.001 degC to the scale, beside humidity and pressure that were measured."""
    (ask,) = [one for one in plan(load("sensecap-one")) if any(i.quantity == "air_temperature" for i in one.items)]
    words = dict.fromkeys(ask.places, 0)
    for item, number in zip(ask.items, (sentinel, 64_200, 83_800_000, 21_000_000, 90_000)):
        assert item.low is not None
        words |= {item.high: number >> 16, item.low: number & 0xFFFF}
    left = {item.quantity for item in not_void(ask.items, words)}
    assert left == {item.quantity for item in ask.items} - {"air_temperature"}


@given(word=st.integers(1201, 0xFFFF))
def test_one_word_in_all_registers_is_no_frost(word: int) -> None:
    """Where it can be no humidity, what the same word would be as a temperature was not measured either."""
    data = answer(word, word)
    assume(not crc_fits(data[:8]))
    assert readings(fed("modbus", data, profile="th-renke")) == []


@pytest.mark.parametrize("profile", ["th-renke", "rs485-th", "rs-ecth", "rs-gz-n01-2", "sensecap-one", "station-renke"])
def test_an_answer_of_zeros_is_no_frost(profile: str) -> None:
    """A controller whose element is away answers 0 everywhere: none of it is a measurement, for whoever looks."""
    for ask in plan(load(profile)):
        zeros = answer(*[0] * len(ask.places))
        question = sealed(bytes([1, ask.function, *ask.start.to_bytes(2, "big"), 0, len(ask.places)]))
        found = readings(fed("modbus", question + zeros, profile=profile, address=1))
        if {"relative_humidity", "air_pressure"} & {reading.quantity for reading in found}:
            assert all(reading.doubt for reading in found), [r for r in found if not r.doubt]


@pytest.mark.parametrize("profile", ["jxbs-3001", "jxbs-3001-ec", "mtec-02a", "rk520-02", "rs-ecth", "rs-ecth-b"])
def test_a_soil_probe_s_answer_of_zeros_is_no_frozen_soil(profile: str) -> None:
    """All 0 is none; a probe in the air tells 0 % beside its temperature, and frozen soil 0 degC beside its water."""
    (ask,) = plan(load(profile))
    water = next(item.high[1] - ask.start for item in ask.items if item.quantity == "soil_moisture")
    warmth = next(item.high[1] - ask.start for item in ask.items if item.quantity == "soil_temperature")
    for place, doubts in ((None, True), (water, False), (warmth, False)):
        words = [183 if at == place else 0 for at in range(len(ask.places))]
        frame = sealed(bytes([1, ask.function, 2 * len(words)]) + struct.pack(f">{len(words)}H", *words))
        found = readings(fed("modbus", frame, profile=profile, address=1))
        assert len(found) == len(ask.items)
        assert {reading.doubt is not None for reading in found} == {doubts}


def test_a_probe_in_the_air_is_no_witness_against_the_frost_beside_it() -> None:
    """A station whose soil probe tells 0 % has its 0.0 degC of air all the same."""
    frame = {"air_temperature": 0.0, "soil_moisture": 0.0, "relative_humidity": 80.0}
    limits = DriverLimits([Channel(name, -80.0, 100.0, 0.1) for name in frame])
    judged = limits.judged(tuple(Reading(name, value, 0.0) for name, value in frame.items()))
    assert [reading.doubt for reading in judged] == [None] * 3


@given(zero=st.sampled_from(["relative_humidity", "air_pressure"]), others=st.floats(0.1, 50))
def test_beside_a_dead_element_what_others_measure_stands(zero: str, others: float) -> None:
    """A frost of 0.0 is none beside it; calm, dry hours and other temperatures are what they are."""
    names = ("wind_speed", "rainfall_amount", "illuminance", "air_temperature", zero)
    limits = DriverLimits([Channel(name, -80.0, 2e5, 0.1) for name in names])
    frame = dict.fromkeys(names, 0.0)
    shown = {r.quantity: r.doubt for r in limits.judged(tuple(Reading(n, v, 0.0) for n, v in frame.items()))}
    assert all(shown.values()), "an answer of zeros alone"
    frame["pm10"] = others
    shown = {r.quantity: r.doubt for r in limits.judged(tuple(Reading(n, v, 0.0) for n, v in frame.items()))}
    doubted = {name for name, doubt in shown.items() if doubt}
    assert doubted - {zero} == {"air_temperature"}
    frame["air_temperature"] = others
    shown = {r.quantity: r.doubt for r in limits.judged(tuple(Reading(n, v, 0.0) for n, v in frame.items()))}
    assert not any(doubt for name, doubt in shown.items() if name != zero)


@pytest.mark.parametrize(("tenths", "good"), [(1000, True), (1001, True), (1030, True), (1031, False)])
def test_a_hygrometer_in_fog_may_tell_a_little_more_than_100(tenths: int, good: bool) -> None:
    """Up to 103 % are a value, for the station and for whoever looks at the device; more is none."""
    humidity = readings(fed("modbus", answer(tenths, 52), profile="th-renke"))[0]
    assert humidity.value == pytest.approx(tenths / 10)
    assert (humidity.doubt is None) == good


@given(raw=st.integers(-55 * 16, 125 * 16), resolution=st.integers(0, 3), shown=st.integers(-999_999, 9_999_999))
def test_a_thermometer_s_scratchpad_counts_and_not_the_kernel_s_arithmetic(
    raw: int, resolution: int, shown: int
) -> None:
    """Whatever number the kernel writes after t=, the two bytes under the check sum are the temperature."""
    octets = (raw & 0xFFFF).to_bytes(2, "little") + bytes([0x4B, 0x46, resolution << 5 | 0x1F, 0xFF, 0x0C, 0x10])
    pad = (octets + bytes([crc8_maxim(octets)])).hex(" ")
    value, _ = w1_therm.decoded(f"{pad} : crc={pad[-2:]} YES\n{pad} t={shown}\n")
    step = 0.5 / 2**resolution
    assert value % step == 0 and 0 <= raw / 16 - value < step


def test_the_kernel_of_5_10_loses_no_frost() -> None:
    """The text of Linux 5.10 at -2.19 degC reads as -2.1875; -10.25 degC of a DS18S20 as well as +25.0."""
    cold = "dd ff 4b 46 7f ff 0c 10"
    pad = bytes.fromhex(cold)
    text = f"{cold} {crc8_maxim(pad):02x} : crc={crc8_maxim(pad):02x} YES\n"
    text += f"{cold} {crc8_maxim(pad):02x} t=4093812\n"
    assert w1_therm.decoded(text) == (-2.1875, None)
    assert w1_therm.measured(bytes.fromhex("ecff4b46ffff081000"), 0) == -10 - 0.25 + 0.5
    assert w1_therm.measured(bytes.fromhex("32004b46ffff0c1000"), 0) == 25.0


def test_the_kernel_s_bare_number_is_told_from_a_loose_wire() -> None:
    """The file `temperature` has no check sum: the sentence names the file to take instead."""
    with pytest.raises(Garbled, match="name the file w1_slave"):
        w1_therm.decoded("23125\n")


@pytest.mark.parametrize(
    ("name", "data", "keys", "quantity"),
    [
        (
            "ascii-station",
            b"A0000B999C0013D0013E0000F0000G3000H3000I0000J0000K0000L0200M600N10000*%02X\r\n",
            {},
            "wind_from_direction",
        ),
        ("modbus", answer(500, 2000), {"profile": "th-renke"}, "air_temperature"),
    ],
)
def test_a_recording_is_judged_by_the_driver_s_own_limits(
    name: str, data: bytes, keys: dict[str, Any], quantity: str
) -> None:
    """A value beyond what the driver says its device can measure is shown with that doubt, also in a recording."""
    if b"%" in data:
        data %= xor8(data.partition(b"*")[0], 0x18)
    doubts = {reading.quantity: reading.doubt for reading in readings(fed(name, data, **keys))}
    doubt = doubts.pop(quantity)
    assert doubt is not None and doubt.code == "beyond_device"
    assert not any(doubts.values())


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("WIXDR,H,150.0,P,RELHUM", 150.0),
        ("WIXDR,C,3276.7,C,TempAir", 3276.7),
        ("WIXDR,P,0.0,B,Baro", 0.0),
        ("WIMTA,99999,C", 99999.0),
        ("WIMDA,,,9.131,B,,,,,,,,,,,,,,,,", 9131.0),
    ],
)
def test_a_recording_is_judged_by_all_that_its_device_can_give(sentence: str, value: float) -> None:
    """What no head can measure is doubted in a recording too, though the settings do not name its quantity."""
    line = f"${sentence}*{xor8(sentence.encode()):02X}\r\n".encode()
    found = {reading.value: reading.doubt for reading in readings(fed("nmea", line))}
    doubt = found[value]
    assert doubt is not None
    assert doubt.code == "beyond_device"


def test_no_decoder_gives_what_nobody_judges() -> None:
    """Of all recorded bytes each reading is of a quantity whose limits its driver states."""
    seen = set()
    for name, bytes_of in RECORDED.items():
        info = find(name)
        settings = info.settings.model_validate({"port": "/dev/x"})
        judged = {channel.quantity for channel in (info.decodes or info.channels)(settings)}
        for path in sorted(shared("device-bytes").glob(bytes_of)):
            given_by = {reading.quantity for reading in readings(fed(name, path.read_bytes()))}
            assert given_by <= judged, f"{name}: {path.name}"
            seen |= {name} if given_by else set()
    assert seen == set(RECORDED)
