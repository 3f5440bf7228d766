"""Values of a wrong kind, tables in a wrong place and files that are no text: each is told by what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.base import Section
from edge.config.delivery import PersonSection
from edge.config.errors import FORMS, ConfigError, Mistake
from edge.config.sections import AlertSection, CameraSection, SiteSection, StationSection
from hub.config import HubConfig
from hub.config import load as load_hub
from tests.unit.edge.config.test_config import BME, STATION, mistakes

RAIN = BME + "rain_correction = {}\n"
CUPS = '[[sensor]]\nname = "{}"\ndriver = "pulses"\nline = {}\nkind = "wind"\n'
HUB = '[broker]\nurl = "mqtt://h"\n[database]\nurl = "sqlite:///x.db"\n[pictures]\ndir = "p"\n'


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (RAIN.format('{ a = 1.05, date = 2026-01-30, sorce = "x" }'), 'did you mean "source"?'),
        (RAIN.format('{ a = 1.05, date = 2026-02-30, source = "x" }'), "must be an existing date, such as 2026-04-15"),
        (RAIN.format('{ a = 1.05, date = "soon", source = "x" }'), "must be an existing date, such as 2026-04-15"),
        (RAIN.format("1.05"), "must be a table: [sensor.rain_correction], with its keys on the lines below"),
        ('[station2]\nid = "a"\n', 'did you mean "station"?'),
        ('[[alert]]\nname = "a"\n[alert.lost]\nx = 1\n', "must be a list, such as [1, 2]"),
        ('[[person]]\nname = "li"\nchannels = "robot"\n', 'must be a list: write ["robot"]'),
        ("x = " + "[" * 2000, "brackets are nested too deeply"),
        ("x = " + "9" * 5000, "the number has too many digits"),
        ("x = 22:00", 'a time of day must be in quotes, such as "06:30"'),
        ('x = "a"，', "the line ends with a full-width ，: remove it, or write , in a list"),
        ("a" * 70_000 + " = 1", "... = 1: unknown key; the keys here are dir, records_mb"),
    ],
)
def test_a_wrong_value_is_told_by_what_is_right(tmp_path: Path, tail: str, said: str) -> None:
    """Keys of inner tables, days, lists of one, tables for lists, and what no reader of TOML bears."""
    assert any(said in line and len(line) < 500 for line in mistakes(tmp_path, STATION + tail))


def test_a_key_in_capitals_is_known(tmp_path: Path) -> None:
    """`ID` is one mistake, not two, and says `id`."""
    (said,) = mistakes(tmp_path, STATION.replace("id =", "ID ="))
    assert said.endswith('did you mean "id"?')


def test_an_entry_that_is_wrong_is_not_called_missing_too(tmp_path: Path) -> None:
    """A list whose only entry is refused is not empty."""
    said = mistakes(tmp_path, STATION + BME + '[[alert]]\nname = "a"\nchannel = "air_temperature"\nbelow = ["0"]\n')
    (line,) = said
    assert line.endswith('alert "a".below = "0": write it without quotes: 0')


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            b'{"station": {"id": "a"}}',
            "station.toml:1: this is JSON, but TOML is expected: each table starts with a line [name]",
        ),
        (b'\n [\n{"station": 1}]', "station.toml:2: this is JSON"),
        (b'{"station": {', "station.toml:1: this is JSON"),
        (STATION.encode("utf-16-le"), "the file is in UTF-16"),
        (STATION.encode("utf-16-be"), "the file is in UTF-16"),
        (b"\0\1\2" * 50, "contains a null byte (0x00)"),
    ],
)
def test_what_is_no_text_is_told(tmp_path: Path, raw: bytes, said: str) -> None:
    """UTF-16 without a mark before it, and a program's file."""
    assert said in mistakes(tmp_path, raw)[0]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("sqlite:///x.db", "sqlite://x.db", "the database must be sqlite:///FILE"),
        ("sqlite:///x.db", "postgresql://u@h/n m", "the database must be sqlite:///FILE"),
        ("sqlite:///x.db", "postgresql://u@h:port/n", "the database must be sqlite:///FILE"),
        ("[broker]", '[hub]\nname = "a b"\n[broker]', "must be at most 32 letters A-Z, digits or hyphens"),
        ("[broker]", '[http]\npublic_url = "http://a b"\n[broker]', "must be an address without a path"),
        ("[broker]", '[http]\npublic_url = "https://[::1"\n[broker]', "must be an address without a path"),
        ("[broker]", '[http]\nbehind_proxy = ["10.0.0.300"]\n[broker]', "must be addresses or networks"),
        ("[broker]", '[http]\nbehind_proxy = ["*"]\n[broker]', "must be addresses or networks"),
        ("mqtt://h", "mqtt://h:99999", "the port after the host's : must be from 1 to 65535"),
        ("mqtt://h", "mqtt://h/farm", "must be an address such as mqtt://host:1883"),
        ('"mqtt://h"', '"mqtts://h"\ncert_file = "c.pem"', "also needs key_file"),
        ('"mqtt://h"', '"mqtt://h"\npassword = "a"\npassword_file = "b"', "give this or password_file, not both"),
        ("[pictures]", "[picture]", 'did you mean "pictures"?'),
    ],
)
def test_a_wrong_value_of_the_hub_is_told_with_its_line(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """One mistake is one line, before anything is opened."""
    mistake = hub_mistake(tmp_path, right, wrong)
    assert mistake.line is not None and said in str(mistake)


@pytest.mark.parametrize("url", ["postgresql://u@[::1]:5432/n", "postgres://u@a:1,b/n", "postgresql:///n"])
def test_other_addresses_of_a_database_are_taken(tmp_path: Path, url: str) -> None:
    """Of several servers, of IPv6, and of the server on this machine."""
    file = tmp_path / "hub.toml"
    file.write_text(HUB.replace("sqlite:///x.db", url))
    assert load_hub(file).database.url == url


@pytest.mark.parametrize("model", [HubConfig, StationSection, SiteSection, CameraSection, AlertSection, PersonSection])
def test_no_form_of_a_text_is_told_as_a_pattern(model: type[Section]) -> None:
    """Each pattern of a file's schema has its sentence."""
    found = set(patterns(model.model_json_schema()))
    assert found and found <= FORMS.keys()


def hub_mistake(folder: Path, right: str, wrong: str) -> Mistake:
    """Return the one mistake of a hub's file in which what is right was replaced."""
    file = folder / "hub.toml"
    file.write_text(HUB.replace(right, wrong))
    with pytest.raises(ConfigError) as raised:
        load_hub(file)
    (mistake,) = raised.value.mistakes
    return mistake


def patterns(schema: object) -> list[str]:
    """Return all patterns of a JSON schema."""
    if isinstance(schema, list):
        return [found for one in schema for found in patterns(one)]
    if not isinstance(schema, dict):
        return []
    own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
    return own + [found for one in schema.values() for found in patterns(one)]


def test_a_key_that_is_wrong_itself_is_named_as_it_is_written(tmp_path: Path) -> None:
    """Of a table whose keys people choose the key is named, in quotes where it needs them, and not its value."""
    file = tmp_path / "hub.toml"
    file.write_text(HUB + '[alarms]\nnames = { "Maoxian 1" = "Upper orchard" }\n')
    with pytest.raises(ConfigError) as refused:
        load_hub(file)
    (said,) = refused.value.mistakes
    assert (said.where, said.named) == (f"{file}:8", 'alarms.names."Maoxian 1"')
    assert str(said.reason).startswith("must be 1 to 32 lower-case letters")


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (
            '[[sensor]]\nname = "a"\ndrvier = "bme280"\n',
            'station.toml:11: sensor "a".drvier = "bme280": unknown key; did you mean "driver"?',
        ),
        (
            CUPS.format("cups", 5) + CUPS.format("rain", 5),
            'station.toml:17: sensor "rain".line = 5: line 5 is used by "cups"',
        ),
        (
            BME + '[broker]\nurl = "mqtt://h"\n[budget]\nmb_per_month = 1e99\n',
            "station.toml:16: budget.mb_per_month = 1e99: must be at most 1000000",
        ),
    ],
)
def test_a_mistake_is_told_once_and_by_its_own_name(tail: str, said: str, tmp_path: Path) -> None:
    """A misspelt key is not missing too, a line is called a line, and a bound has all its digits."""
    assert mistakes(tmp_path, STATION + tail) == [said]


def test_a_table_that_is_missing_is_called_one(tmp_path: Path) -> None:
    """Who deletes [state] is told so."""
    assert mistakes(tmp_path, STATION.partition("[state]")[0]) == ["station.toml: state: the table [state] is missing"]
