"""What must hold of the Modbus line and of profiles for any bytes, words and values."""

from __future__ import annotations

import struct
from bisect import bisect_right
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buses import rtu
from drivers.devices.modbus_registers import (
    BEAUFORT,
    FORCE_DOUBT,
    SCALE_DOUBT,
    force_doubt,
    not_void,
    octant_doubt,
    plan,
)
from drivers.devices.profiles import Profile
from drivers.errors import DeviceError, Garbled, WrongDevice
from drivers.twins.modbus import sealed
from tests.kits.modbus_line import played, simulated

WORD = st.integers(0, 0xFFFF)
LENGTHS = st.integers(1, 4)
# A speed, m/s, in the middle of each Beaufort force from 0 to 12 (WMO-No. 8, volume I, 5).
SPEEDS = (0.1, 0.9, 2.5, 4.4, 6.7, 9.4, 12.3, 15.5, 19.0, 22.6, 26.5, 30.6, 35.0)
HUMIDITY = {"quantity": "relative_humidity", "unit": "%", "low": 0.0, "high": 100.0}
WARMTH = {"quantity": "air_temperature", "unit": "degC", "low": -40.0, "high": 125.0}
MOISTURE = {"quantity": "soil_moisture", "unit": "%", "low": -4000.0, "high": 4000.0}
SOIL = {"quantity": "soil_temperature", "unit": "degC", "low": -4000.0, "high": 4000.0}
LIGHT = {"quantity": "illuminance", "unit": "lux", "low": 0.0, "high": 6000.0, "saturated": 0xFFFF}


def profile(words: int, order: str, signed: bool, scale: float, offset: float) -> Profile:
    """Return the profile of a sensor with one register entry of this form."""
    entry = {"quantity": "air_temperature", "register": 3, "words": words, "order": order, "signed": signed}
    entry |= {"scale": scale, "offset": offset, "unit": "degC", "low": -40.0, "high": 80.0, "resolution": 0.1}
    return Profile.model_validate(
        {"name": "any", "title": "any", "maker": "any", "source": "any", "registers": [entry]}
    )


def held(*registers: tuple[dict[str, Any], int]) -> set[str]:
    """Return the quantities that a sensor's registers hold, each given as its entry and its word."""
    entries = [
        {"register": at, "words": 1, "signed": True, "scale": 0.1, "resolution": 0.1} | entry
        for at, (entry, _) in enumerate(registers)
    ]
    sensor = {"name": "any", "title": "any", "maker": "any", "source": "any", "registers": entries}
    (ask,) = plan(Profile.model_validate(sensor))
    return {item.quantity for item in not_void(ask.items, dict(zip(ask.places, (word for _, word in registers))))}


def accepted(frame: bytes, address: int, function: int, count: int) -> bool:
    """Return whether the driver would accept registers from this frame."""
    try:
        found = rtu.Codec().find(frame)
        return found is not None and bool(rtu.registers(found, address, function, count))
    except DeviceError:
        return False


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.sampled_from([3, 4]), LENGTHS)
def test_no_answer_raises_anything_but_a_device_error(pieces: list[bytes], function: int, count: int) -> None:
    """Whatever bytes come back, a read gives the registers asked for or raises a DeviceError."""
    with suppress(DeviceError):
        got = simulated(lambda clock: played(clock, tuple(pieces)).read(1, function, 0, count))
        assert len(got) == count


@given(st.binary(max_size=60), st.sampled_from([6, 16]))
def test_no_acknowledgement_raises_anything_but_a_device_error(answer: bytes, function: int) -> None:
    """Whatever bytes come back, a write is acknowledged or raises a DeviceError."""
    with suppress(DeviceError):
        simulated(lambda clock: played(clock, answer).write(1, 7, 2, function=function))


@given(st.integers(1, 247), st.sampled_from([3, 4]), st.lists(WORD, min_size=1, max_size=125), st.data())
def test_words_come_through_the_frame(address: int, function: int, words: list[int], data: st.DataObject) -> None:
    """An answer with a CRC made by other code is read to its words; with one bit turned it is refused."""
    head = bytes([address, function, 2 * len(words)])
    frame = sealed(head + struct.pack(f">{len(words)}H", *words))
    answer = rtu.Codec().find(frame)
    assert answer is not None
    assert list(rtu.registers(answer, address, function, len(words))) == words
    searched = rtu.Codec().find(b"\x00" + frame)
    assert searched is not None
    assert (searched.address, searched.function, searched.body) == (address, function, answer.body)
    turned = data.draw(st.integers(0, 8 * len(frame) - 1))
    bad = bytes(octet ^ (1 << turned % 8 if at == turned // 8 else 0) for at, octet in enumerate(frame))
    assert not accepted(bad, address, function, len(words))


@given(
    st.sampled_from([1, 2]),
    st.sampled_from(["big", "little"]),
    st.booleans(),
    st.sampled_from([1.0, 0.1, 0.01, 0.001, 0.0001, 10.0, 45.0, 0.2794, -0.1]),
    st.sampled_from([0.0, -273.15]),
    st.data(),
)
def test_a_number_comes_back_from_its_words(
    words: int, order: str, signed: bool, scale: float, offset: float, data: st.DataObject
) -> None:
    """number x scale + offset is what a reading holds, for every width, order, sign, scale and offset."""
    span = 1 << 16 * words
    least, most = (-span // 2, span // 2 - 1) if signed else (0, span - 1)
    number = data.draw(st.integers(least, most) | st.sampled_from([least, most, most // 2, 0]))
    raw = number % span
    halves = [raw >> 16, raw & 0xFFFF] if words == 2 else [raw]
    placed = halves if order == "big" else halves[::-1]
    (ask,) = plan(profile(words, order, signed, scale, offset))
    (item,) = ask.items
    reading = item.reading(dict(zip(ask.places, placed)), 5.0)
    assert reading is not None
    assert abs(reading.value - (number * scale + offset)) <= 1e-12 * max(abs(number * scale), 1000.0)
    assert reading.at == 5.0


@given(st.integers(0, 4000))
def test_a_decimal_scale_adds_no_digits(tenths: int) -> None:
    """123 tenths are 12.3 to the last bit, so that a total's differences are whole steps."""
    (ask,) = plan(profile(1, "big", False, 0.1, 0.0))
    reading = ask.items[0].reading({ask.places[0]: tenths}, 0.0)
    assert reading is not None
    assert reading.value == float(f"{tenths // 10}.{tenths % 10}")


@given(st.integers(0, 600))
def test_the_force_of_the_speed_itself_is_never_doubted(tenths: int) -> None:
    """A speed and the force that the Beaufort table gives for it agree, and one force more or less seldom tells."""
    speed = tenths / 10
    force = bisect_right(BEAUFORT, speed)
    assert force_doubt(speed, force) is None
    assert force_doubt(speed, force + 1) in (None, SCALE_DOUBT)


@given(st.integers(16, 326))
def test_a_scale_wrong_by_ten_is_always_doubted(tenths: int) -> None:
    """From a light breeze to a violent storm, a speed read ten times too small or too large does not pass its force."""
    speed = tenths / 10
    force = bisect_right(BEAUFORT, speed)
    assert force_doubt(speed / 10, force) is not None
    assert force_doubt(speed * 10, force) is not None


@given(st.integers(0, 359))
def test_the_octant_of_a_direction_is_never_doubted(direction: int) -> None:
    """A direction and its octant agree, across north too; the opposite octant does not."""
    octant = round(direction / 45) % 8
    assert octant_doubt(direction, octant) is None
    assert octant_doubt(direction, (octant + 4) % 8) is not None


@pytest.mark.parametrize("direction", [0, 45, 180, 315])
def test_a_direction_beyond_the_edge_of_its_octant_s_neighbour_is_doubted(direction: int) -> None:
    """A vane near the edge between two octants may be told by either, and by no other one."""
    octant = direction // 45
    for aside, agrees in ((-46, False), (-44, True), (44, True), (46, False)):
        assert (octant_doubt((direction + aside) % 360, octant) is None) == agrees
    assert octant_doubt(direction, octant + 8) is not None, "there are eight"


@pytest.mark.parametrize(("force", "speed"), list(enumerate(SPEEDS)))
def test_a_speed_agrees_with_its_force_and_with_none_two_beside(force: int, speed: float) -> None:
    """A true wind is not doubted, and a speed far from the force that the same device tells is no good reading."""
    assert force_doubt(speed, force) is None
    for told in range(13):
        if abs(told - force) == 1:
            assert force_doubt(speed, told) in (None, SCALE_DOUBT)
        elif told != force:
            assert force_doubt(speed, told) is not None
    assert force_doubt(speed, 99) is None, "what is no force tells nothing"


def test_only_a_scale_that_would_fit_is_blamed() -> None:
    """Ten times or a tenth of the speed names the scale; any other speed is doubted, and no setting suggested."""
    assert [force_doubt(speed, 4) for speed in (0.67, 67.0)] == [SCALE_DOUBT] * 2
    assert [force_doubt(speed, 4) for speed in (1.0, 20.0)] == [FORCE_DOUBT] * 2
    assert force_doubt(1.5, 0) is None, "a tenth of a light air is a calm, and no wrong scale"
    assert force_doubt(40.0, 12) is None


def test_a_temperature_of_a_pair_that_is_away_is_no_frost_beside_what_was_measured() -> None:
    """A T/RH pair of ffff is void though the station's light is not, and light at its end is light all the same."""
    light = (LIGHT | {"signed": False}, 0xFFFF)
    assert held((HUMIDITY, 0xFFFF), (WARMTH, 0xFFFF), (LIGHT, 120)) == {"illuminance"}
    assert held((HUMIDITY, 0xFFFF), (WARMTH, 0xFFFF), light, (MOISTURE, 120)) == {"illuminance", "soil_moisture"}
    assert held((HUMIDITY, 500), (WARMTH, 0xFFFF), light) == {"relative_humidity", "air_temperature", "illuminance"}


def test_sentinels_alone_are_no_values_though_each_could_be_one() -> None:
    """Two registers of 7fff were not measured, however wide the limits are."""
    assert held((MOISTURE, 0x7FFF), (SOIL, 0x7FFF)) == set()


def test_a_word_that_the_profile_calls_invalid_is_no_value_though_it_is_no_sentinel() -> None:
    """The other registers of the answer stand."""
    assert held((HUMIDITY | {"invalid": [900]}, 900), (WARMTH, 120)) == {"air_temperature"}


def test_values_at_the_end_of_their_limits_are_values() -> None:
    """One word in two registers that both can be is a measurement: 100 % and 100 degC; a dark hour at 0 %."""
    assert held((HUMIDITY, 1000), (WARMTH, 1000)) == {"relative_humidity", "air_temperature"}
    assert held((LIGHT, 0), (MOISTURE, 0)) == {"illuminance", "soil_moisture"}


def test_an_impossible_value_of_a_lone_register_is_left_to_be_doubted() -> None:
    """A sensor of one value that tells what cannot be is shown with that doubt, and not as one that is silent."""
    assert held((WARMTH, 3000)) == {"air_temperature"}


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        (1, "illegal function"),
        (2, "illegal data address"),
        (3, "illegal data value"),
        (4, "device failure"),
        (5, "acknowledge, still working"),
        (6, "device busy"),
        (7, "a code of the maker's own"),
        (8, "memory parity error"),
        (10, "gateway path unavailable"),
        (11, "gateway target did not respond"),
    ],
)
def test_what_a_device_refuses_with_is_told_by_its_name(number: int, meaning: str) -> None:
    """Modbus application protocol V1.1b3, section 7: who reads it knows whether to wait or to change a setting."""
    answer = rtu.Codec().find(sealed(bytes([1, 0x83, number])))
    assert answer is not None
    with pytest.raises(DeviceError, match=f"exception {number}, {meaning}") as refused:
        rtu.check(answer, 1, 3)
    assert isinstance(refused.value, WrongDevice) == (number in (1, 2, 3))


@given(st.binary(max_size=12), st.binary(max_size=12), st.integers(1, 247), st.sampled_from([3, 4]), WORD, LENGTHS)
def test_another_master_s_request_is_known_wherever_it_stands(
    before: bytes, after: bytes, address: int, function: int, start: int, count: int
) -> None:
    """Also as the last bytes that came, and as the only ones; a write is none, as its answer is a copy of it."""
    request = sealed(struct.pack(">BBHH", address, function, start, count))
    assert address in rtu.requests_in(before + request + after)
    assert rtu.requests_in(request) == [address] and rtu.requests_in(request[:-1]) == []
    assert rtu.requests_in(sealed(struct.pack(">BBHH", address, 6, start, count))) == []


@given(st.integers(1, 247), st.sampled_from([3, 4]), st.lists(WORD, min_size=1, max_size=8), st.integers(0, 8))
def test_an_answer_with_fewer_or_more_registers_than_requested_gives_none(
    address: int, function: int, words: list[int], asked: int
) -> None:
    """They would be those of another place, or of another device; a right answer gives each word as it came."""
    answer = rtu.Codec().find(sealed(struct.pack(f">BBB{len(words)}H", address, function, 2 * len(words), *words)))
    assert answer is not None
    if asked == len(words):
        assert rtu.registers(answer, address, function, asked) == tuple(words)
        return
    with pytest.raises(Garbled, match=f"{2 * len(words)} bytes of registers came instead of the {2 * asked}"):
        rtu.registers(answer, address, function, asked)
