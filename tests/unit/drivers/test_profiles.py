"""Profiles: what a technician's file may hold, and the sentence that tells what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from drivers.devices.modbus import INFO, decoder
from drivers.devices.modbus_registers import plan
from drivers.devices.profiles import (
    FOLDER,
    Addressing,
    Check,
    Identity,
    Profile,
    ProfileError,
    Register,
    load,
    names,
)
from drivers.driver import Frame, Refused
from drivers.errors import NoAnswer
from drivers.quantity import QUANTITIES
from drivers.twins.modbus import sealed
from tests.kits.modbus_line import Line, played, settings, simulated, values

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "sensors" / "modbus-profiles.md"
GOOD = """\
name = "my-sensor"
title = "soil probe of the shop"
maker = "the shop"
source = "the sheet that came with it"
baud = 4800

[[registers]]
quantity = "soil_moisture"
register = 0
scale = 0.1
unit = "%"
low = 0.0
high = 100.0
resolution = 0.1

[[registers]]
quantity = "soil_temperature"
register = 1
signed = true
scale = 0.1
unit = "degC"
low = -40.0
high = 80.0
resolution = 0.1
invalid = [0x7FFF]
"""


def written(folder: Path, text: str) -> str:
    """Write a profile with this text. Return its path."""
    path = folder / "my-sensor.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", names())
def test_every_built_in_profile_is_whole(name: str) -> None:
    """Each built-in profile loads, bears its file's name and says where its numbers come from."""
    profile = load(name)
    assert profile.name == name == (FOLDER / f"{name}.toml").stem
    assert len(profile.source) > 10
    assert all(QUANTITIES[entry.quantity].unit == entry.unit for entry in profile.registers)
    assert all((entry.wraps_at is not None) == (entry.quantity == "rainfall_amount") for entry in profile.registers)


def test_what_the_mission_wants_has_a_profile() -> None:
    """Wind, rain, light up to 200 klx, air, soil and leaf wetness are each measured by a built-in profile."""
    given = {entry.quantity: entry.high for name in names() for entry in load(name).registers}
    wanted = "wind_speed wind_from_direction rainfall_amount illuminance air_temperature relative_humidity"
    wanted += " air_pressure soil_moisture soil_temperature soil_conductivity leaf_wetness pm2p5 co2"
    assert set(wanted.split()) <= set(given)
    assert load("sen0644").registers[0].high == 200_000


def test_a_file_of_one_s_own_is_a_sensor(tmp_path: Path) -> None:
    """A maker's sensor is added by a file alone: it is read through the same driver with the same twin."""
    line = Line(settings(written(tmp_path, GOOD)))
    line.twins[0].set("soil_moisture", 31.4)
    line.twins[0].set("soil_temperature", -2.5)
    assert line.use(lambda devices: values(devices[0])) == {"soil_moisture": 31.4, "soil_temperature": -2.5}


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ('unit = "%"', 'unit = "percent"', ":11: registers.0.unit = 'percent': soil_moisture is always in '%'"),
        ("register = 1", "register = 70000", ":18: registers.1.register = 70000: must be at most 65535"),
        ("register = 1\n", "", ":16: registers.1.register: is required, but missing"),
        ("signed = true", 'signed = "yes"', ":19: registers.1.signed = 'yes': must be true or false, without quotes"),
        ("signed = true", "sined = true", ":19: registers.1.sined = True: there is no such key"),
        (
            '"soil_moisture"',
            '"moisture"',
            ":8: registers.0.quantity = 'moisture': \"moisture\" is not a quantity; the quantities",
        ),
        (
            'temperature"\nregister = 1\nsigned = true\nscale = 0.1\nunit = "degC"',
            'moisture"\nregister = 1\nscale = 0.1\nunit = "%"',
            ":17: registers.1.quantity = 'soil_moisture': soil_moisture is listed twice",
        ),
        ("baud = 4800", "baud = 48", ":5: baud = 48: must be at least 300"),
        ("high = 80.0", "high = -50.0", ":23: registers.1.high = -50.0: must be above low"),
        ("[0x7FFF]", '["7FFF"]', ":25: registers.1.invalid.0 = '7FFF': must be a whole number"),
        ('scale = 0.1\nunit = "%"', 'scale = nan\nunit = "%"', ":10: registers.0.scale = nan: must be a finite number"),
        ("baud = 4800", "baud = = 4800", ":5: this is not a TOML value"),
        ('name = "my-sensor"\n', "", ":1: name: is required, but missing"),
        ('source = "the', 'function = 5\nsource = "the', ":4: function = 5: must be one of 3, 4"),
    ],
)
def test_a_wrong_profile_is_told_with_its_line(tmp_path: Path, wrong: str, right: str, says: str) -> None:
    """What is wrong names file, line, key, value and what would be right."""
    named = written(tmp_path, GOOD.replace(wrong, right, 1))
    with pytest.raises(ProfileError) as caught:
        load(named)
    assert str(caught.value).startswith(named)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        ("rs-fjst", 'no profile "rs-fjst"; did you mean rs-fxjt, rs-fsjt?'),
        ("my-own", 'no profile "my-own"; the built-in ones are'),
        ("nowhere.toml", "nowhere.toml is not a readable profile"),
    ],
)
def test_settings_with_no_profile_are_refused(profile: str, says: str) -> None:
    """A profile that is not there is told at the start, under the key that names it."""
    with pytest.raises(ValidationError) as caught:
        settings(profile)
    (trouble,) = caught.value.errors()
    assert trouble["loc"] == ("profile",)
    assert says in trouble["msg"]


def test_a_binary_file_is_no_profile(tmp_path: Path) -> None:
    """A file that is no text is told as such, without a traceback."""
    path = tmp_path / "picture.toml"
    path.write_bytes(b"\x89PNG\r\n\xff")
    with pytest.raises(ProfileError, match=r"picture\.toml:1: the file is not UTF-8 text \(byte 0x89\)"):
        load(str(path))


def test_settings_are_the_profile_s_unless_they_say_otherwise() -> None:
    """Speed, address and pace come from the profile, and each can be set."""
    plain, other = settings("sen0575"), settings("sen0575", address=3, baud=19200, interval=60.0)
    assert (plain.baud, plain.parity, plain.address, plain.interval) == (9600, "N", 0xC0, 10.0)
    assert (other.baud, other.parity, other.address, other.interval) == (19200, "N", 3, 60.0)
    assert settings("rs-fsjt").interval == 1.0  # wind at 1 Hz
    assert INFO.samples_per_minute(settings("rs-fsjt")) == 60


def test_fitting_what_there_is_not_is_refused() -> None:
    """An element that the model cannot be ordered with is told, with those that it can."""
    with pytest.raises(ValidationError, match="no optional co2; it has relative_humidity, air_temperature"):
        settings("station-renke", fitted=["co2"])


def test_neighbours_are_read_in_one_request() -> None:
    """Registers that lie near are one request; a gap, another function or the profile's limit begins a new one."""
    station = load("sen0658")
    assert [(ask.start, len(ask.places)) for ask in plan(station)] == [(500, 12)]
    few = station.model_copy(update={"most_registers": 4})
    assert [(ask.start, len(ask.places)) for ask in plan(few)] == [(500, 4), (504, 4), (508, 4)]
    dust = load("station-dust")  # 500, 502, 504, 505: one register between is read along
    assert [(ask.start, len(ask.places)) for ask in plan(dust)] == [(500, 6)]
    wide = dust.model_copy(update={"gap": 1})
    assert [(ask.start, len(ask.places)) for ask in plan(wide)] == [(500, 6)]
    near = dust.model_copy(update={"gap": 0})
    assert [(ask.start, len(ask.places)) for ask in plan(near)] == [(500, 1), (502, 1), (504, 2)]
    data = station.model_dump(by_alias=True, exclude_none=True)
    data["registers"][0]["function"] = 4
    mixed = Profile.model_validate(data | {"checks": []})
    assert [(ask.function, ask.start) for ask in plan(mixed)] == [(3, 503), (4, 500)]


def test_two_halves_are_never_torn_apart() -> None:
    """Both words of a value come from one answer, however few registers an answer may hold."""
    data = load("sensecap-one").model_dump(by_alias=True, exclude_none=True)
    for most in range(2, 20):
        asks = plan(Profile.model_validate(data | {"most_registers": most}))
        assert all(item.low in ask.places for ask in asks for item in ask.items)


def test_an_invalid_word_leaves_its_quantity_out(tmp_path: Path) -> None:
    """A word that means no value gives no reading and the other stands; where all say so, read() raises."""
    text = GOOD.replace("resolution = 0.1", "resolution = 0.1\ninvalid = [0xFFFF]", 1)
    sensor = settings(written(tmp_path, text))
    half = sealed(bytes.fromhex("01 03 04 01 3a 7f ff"))
    none = sealed(bytes.fromhex("01 03 04 ff ff 7f ff"))

    def read(answer: bytes) -> dict[str, float]:
        return simulated(lambda clock: values(INFO.open(played(clock, answer), sensor, clock)))

    assert read(half) == {"soil_moisture": 31.4}
    with pytest.raises(NoAnswer, match=r"says itself that it has no value .*ffff"):
        read(none)
    frame, refused = decoder(sensor).feed(half + none)
    assert isinstance(frame, Frame)
    assert [reading.quantity for reading in frame.readings] == ["soil_moisture"]
    assert isinstance(refused, Refused)
    assert (refused.offset, refused.length, refused.reason.code) == (9, 9, "void_answer")


def test_the_guide_s_profile_and_its_mistake_are_as_printed(tmp_path: Path) -> None:
    """The profile that the guide prints loads, and the mistake that it shows is told in the words it shows."""
    example = re.findall(r"```toml\n(name = .*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
    assert load(written(tmp_path, example)).name == "my-probe"
    shown = re.search(r"my-probe\.toml(:\d+: .*)", GUIDE.read_text(encoding="utf-8"))
    assert shown is not None
    with pytest.raises(ProfileError) as caught:
        load(written(tmp_path, example.replace('unit = "%"', 'unit = "percent"')))
    assert str(caught.value).endswith(shown[1])


def test_the_guide_names_every_key() -> None:
    """Each key that a profile may have is explained in the guide."""
    guide = GUIDE.read_text(encoding="utf-8")
    for part in (Profile, Register, Check, Identity, Addressing):
        keys = [info.alias or key for key, info in part.model_fields.items()]
        assert [key for key in keys if f"`{key}`" not in guide and f"[{key}]" not in guide] == []


def test_a_device_that_answers_single_registers_alone_is_asked_so() -> None:
    """With most_registers = 1 each register has a request of its own, whatever the profile joins."""
    from drivers.devices.profiles import load

    asks = plan(load("th-renke"), most=1)
    assert [len(ask.places) for ask in asks] == [1, 1]
    INFO.settings.model_validate({"port": "/dev/x", "profile": "th-renke", "most_registers": 1})


def test_a_profile_saved_on_windows_or_typed_in_chinese(tmp_path: Path) -> None:
    """A byte order mark is passed over; what is no TOML is told by its line and what to write."""
    file = tmp_path / "my.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(str(file)).name == "my-sensor"
    for right, wrong, said in (
        ("baud = 4800", "baud ＝ 4800", ":5: write = instead of the full-width ＝"),
        ("register = 0", "register = 00", ":9: a number must not begin with 0"),
    ):
        with pytest.raises(ProfileError) as caught:
            load(written(tmp_path, GOOD.replace(right, wrong)))
        assert str(caught.value).endswith(said)
