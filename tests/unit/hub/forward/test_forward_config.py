"""A destination in hub.toml: what is wrong is one line that names the key, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.errors import ConfigError
from edge.config.forward import HttpJson, MqttJson
from edge.forward.mqtt_sender import broker_of
from hub.config import load

HEAD = """
[broker]
url = "mqtt://127.0.0.1:1883"
[database]
url = "sqlite:///tmp/x.db"
[pictures]
dir = "/tmp/pictures"
"""
HTTP = '[[forward]]\nname = "county"\nkind = "http-json"\nurl = "https://county.example/records"\n'
MQTT = '[[forward]]\nname = "agri"\nkind = "mqtt-json"\nurl = "mqtts://agri.example"\n'


def mistakes(folder: Path, text: str) -> list[str]:
    """Return what is said of a file."""
    file = folder / "hub.toml"
    file.write_text(HEAD + text)
    with pytest.raises(ConfigError) as error:
        load(file)
    return [str(mistake) for mistake in error.value.mistakes]


def test_destinations_are_read(tmp_path: Path) -> None:
    """Two destinations of two kinds, with what each says."""
    file = tmp_path / "hub.toml"
    file.write_text(HEAD + HTTP + 'stations = ["a"]\nevents = true\n' + MQTT + 'names = { air_temperature = "wd" }\n')
    county, agri = load(file).forward
    assert isinstance(county, HttpJson)
    assert isinstance(agri, MqttJson)
    assert (county.stations, county.events, agri.names) == (("a",), True, {"air_temperature": "wd"})
    assert (broker_of(agri).protocol, broker_of(agri).url) == ("3.1.1", "mqtts://agri.example")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HTTP + 'kin = "x"\n', 'forward "county".kin'),
        (HTTP.replace("http-json", "ftp"), 'forward "county".kind = "ftp": must be one of http-json, mqtt-json'),
        (HTTP.replace('kind = "http-json"\n', ""), 'forward "county".kind: is required'),
        (HTTP.replace("https:", "ftp:"), 'forward "county".url = "ftp://county.example/records": must be an address'),
        (HTTP.replace("//county.example", "//"), 'forward "county".url'),
        (HTTP.replace("//", "//me:pear@"), "no login belongs here"),
        (HTTP + 'batch = "many"\n', 'forward "county".batch = "many": must be a whole number'),
        (HTTP + "success_value = 1.5\n", 'forward "county".success_value = 1.5: must be a text, a whole number'),
        (HTTP + "success_value = [1]\n", "must be a text, a whole number"),
        (HTTP + 'stations = "a"\n', 'forward "county".stations = "a": must be a list'),
        (HTTP + 'stations = ["A B"]\n', 'forward "county".stations'),
        (HTTP + "stations = []\n", 'forward "county".stations = []: names no station: leave it out'),
        (HTTP + 'secret_header = "X Key"\n', 'forward "county".secret_header'),
        (HTTP + 'secret_header = "content-length"\n', "each request has this header already"),
        (HTTP.replace("https:", "http:") + 'ca_file = "/x"\n', '.ca_file = "/x": is of no use with http://'),
        (HTTP + "events = 1\n", 'forward "county".events = 1: must be true or false'),
        (MQTT + "names = 7\n", 'forward "agri".names = 7: must be a table'),
        (MQTT + "names = { air_temperature = 7 }\n", 'forward "agri".names'),
        (HTTP + "batch = 0\n", 'forward "county".batch = 0: must be at least 1'),
        (HTTP + HTTP, 'forward "county".name = "county": the name "county" is taken'),
        (HTTP.replace("county", "County Office", 1), 'forward "County Office".name'),
        (MQTT + 'topic = "a/#"\n', 'forward "agri".topic = "a/#": must be a topic'),
        (MQTT + 'topic = "a/{name}"\n', 'forward "agri".topic = "a/{name}": only {station} may be used in braces'),
        (MQTT + 'value_name = "{quantity}"\n', 'forward "agri".value_name = "{quantity}": two fields would have'),
        (MQTT + 'quality_name = "{channel}"\n', 'forward "agri".quality_name = "{channel}": two fields would have'),
        (MQTT + 'names = { air_temperature = "time" }\n', 'the same name "time"'),
        (MQTT + 'names = { pm1 = "a", pm10 = "a" }\n', 'forward "agri".names = { pm1 = "a", pm10 = "a" }: two fields'),
        (MQTT + 'names = { air_temprature = "wd" }\n', 'did you mean "air_temperature"?'),
        (MQTT + f'client_id = "{"x" * 129}"\n', "must have at most 128 characters"),
        (MQTT + 'cert_file = "/x"\n', 'forward "agri".cert_file = "/x": also needs key_file'),
        (MQTT + 'key_file = "/x"\n', 'forward "agri".key_file = "/x": also needs cert_file'),
        (MQTT.replace("mqtts:", "mqtt:") + 'ca_file = "/x"\n', "is of no use with mqtt://: write mqtts:// in url"),
        (MQTT + 'url = "mqtt://"\n', "hub.toml:"),
        (MQTT.replace("mqtts://agri.example", "mqtt://:99999999"), 'forward "agri".url'),
        ("[forward]\nname = 'x'\n", "forward: must be tables of their own, each under a line [[forward]]"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(tmp_path: Path, text: str, said: str) -> None:
    """Each mistake is said at its place; a login in an address is not repeated."""
    found = mistakes(tmp_path, text)
    assert len(found) == 1, found
    assert said in found[0]
    assert "hub.toml:" in found[0]
    assert "pear" not in found[0]
