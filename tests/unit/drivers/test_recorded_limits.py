"""The ends of what devices can measure, from their datasheets, and recordings that hold too little to be read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from drivers.catalog import catalog
from drivers.checksums import crc8_maxim
from drivers.devices import w1_therm
from drivers.driver import Frame, Refused

# Lowest and highest, each as its datasheet or manual has it (the sources that the drivers name).
ENDS: dict[str, dict[str, tuple[float, float]]] = {
    "bme280": {"air_temperature": (-40, 85), "relative_humidity": (0, 100), "air_pressure": (300, 1100)},
    "w1-therm": {"air_temperature": (-55, 125)},
    "ina219": {"battery_voltage": (0, 26), "battery_current": (-3.2, 3.2)},
    "ina260": {"battery_voltage": (0, 36), "battery_current": (-15, 15)},
    "veml7700": {"illuminance": (0, 140_000)},
    "sen5x": {"pm2p5": (0, 1000), "air_temperature": (-40, 85)},
    "plantower": {"pm2p5": (0, 1000)},
    "sds011": {"pm2p5": (0, 999.9)},
    "nmea": {
        "wind_speed": (0, 60),
        "wind_from_direction": (0, 360),
        "air_temperature": (-40, 80),
        "relative_humidity": (0, 100),
        "air_pressure": (300, 1100),
    },
    "ascii-station": {"wind_speed": (0, 100), "relative_humidity": (0, 100), "air_pressure": (300, 1100)},
}
PLACES = {"serial": {"port": "x"}, "file": {"path": "x"}}


def decoded(driver: str, recording: bytes) -> list[Frame | Refused]:
    """Return what a driver's decoder finds in a recording."""
    info = catalog()[driver]
    assert info.decoder is not None
    decoder = info.decoder(info.settings.model_validate(PLACES.get(info.bus, {})))
    return [*decoder.feed(recording), *decoder.finish()]


@pytest.mark.parametrize("driver", ENDS)
def test_a_driver_s_limits_are_those_of_the_datasheet(driver: str) -> None:
    """A limit that is wider lets a false value pass as good, a narrower one doubts a true one."""
    info = catalog()[driver]
    keys = {"met": True} if driver == "nmea" else {}
    channels = info.channels(info.settings.model_validate({**PLACES.get(info.bus, {}), **keys}))
    found = {channel.quantity: (channel.low, channel.high) for channel in channels}
    for quantity, ends in ENDS[driver].items():
        assert found[quantity] == pytest.approx(ends), quantity


@pytest.mark.parametrize(
    ("driver", "line", "code"),
    [
        ("veml7700", '{"registers": {"0x04": "c805"}}', "counts_without_configuration"),
        ("sen0575", '{"registers": {"0x10": "ea0a00"}}', "total_length"),
        ("sen5x", '{"registers": {"0x03c4": "121c95"}}', "words_length"),
    ],
)
def test_a_recording_that_holds_too_little_is_refused(driver: str, line: str, code: str) -> None:
    """Half a total or counts without their setting are refused with their reason; nothing is made up for the rest."""
    (item,) = decoded(driver, line.replace("121c95", sealed("121c")).encode())
    assert isinstance(item, Refused) and item.reason.code == code


def sealed(word: str) -> str:
    """Return a word of a SEN5x with its CRC: 121c is 46.36 %."""
    from drivers.checksums import crc8

    return word + f"{crc8(bytes.fromhex(word)):02x}"


def test_a_vane_s_line_without_a_conversion_gives_nothing() -> None:
    """The configuration or half a word is no direction, nor is the conversion of an earlier line told again for it."""
    good, half, other = (
        f'{{"registers": {{{one}}}}}\n' for one in ('"0x00": "0fa0"', '"0x00": "0f"', '"0x01": "c3e3"')
    )
    items = decoded("vane", (other + good + other + half).encode())
    assert [type(item) for item in items] == [Frame]
    assert items[0].offset == len(other)


@pytest.mark.parametrize("changed", [{4: 0x00}, {5: 0x00}, {7: 0x0F}], ids=["byte 4", "byte 5", "byte 7"])
def test_a_scratchpad_of_another_model_is_read_by_the_kernel(changed: dict[int, int]) -> None:
    """Only a DS18S20 has ff ff before its counts and 16 behind: of any other model the kernel knows what it holds."""
    pad = bytearray.fromhex("aa 00 4b 46 ff ff 0c 10")
    for at, octet in changed.items():
        pad[at] = octet
    whole = bytes([*pad, crc8_maxim(bytes(pad))])
    text = f"{whole.hex(' ')} : crc={whole[-1]:02x} YES\n{whole.hex(' ')} t=21500\n"
    assert w1_therm.decoded(text) == (21.5, None)


def test_another_scale_of_the_light_sensor_is_none() -> None:
    """Its makers give two; a slip of the hand would be light that is wrong by a factor."""
    settings: Any = catalog()["veml7700"].settings
    assert settings(lux_per_count=0.0042).lux_per_count == 0.0042
    with pytest.raises(ValidationError, match=r"0.0036 or 0.0042, not 0.042"):
        settings(lux_per_count=0.042)


def test_a_sentence_without_an_end_is_not_kept_for_ever() -> None:
    """A head that sends no line ends and no checksums is refused piece by piece, as it comes."""
    info = catalog()["nmea"]
    assert info.decoder is not None
    items = list(info.decoder(info.settings.model_validate(PLACES["serial"])).feed(b"$" + b"A" * 2000))
    assert len(items) == 3 and all(isinstance(item, Refused) for item in items)
