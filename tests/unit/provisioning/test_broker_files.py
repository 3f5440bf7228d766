"""Where a receiver has its broker and login from, and whose eyes the secrets in a station's file are open to."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.file import load
from edge.config.sections import BrokerSection
from hub.config import load as load_hub
from provisioning.commands.doubts import doubts
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.open_secrets import of_hub
from provisioning.commands.options import broker_at
from tests.kits.command import minshan
from tests.kits.station_text import HEAD

URL = "mqtts://platform@farm.example:8883"
SECRETS = """\
[broker]
url = "mqtts://s@farm.example"
password_file = "{folder}/broker"
cert_file = "{folder}/certificate"
key_file = "{folder}/key"
[[camera]]
name = "gate"
driver = "http"
url = "http://camera/{address}"
password_file = "{folder}/camera"
[[forward]]
name = "county"
kind = "http-json"
url = "https://county.example/"
secret_file = "{folder}/county"
[[forward]]
name = "village"
kind = "mqtt-json"
url = "mqtt://village.example"
password_file = "{folder}/village"
[[channel]]
name = "group"
kind = "wecom"
key_file = "{folder}/group"
[[channel]]
name = "post"
kind = "mail"
url = "smtp://s@mail.example"
sender = "s@mail.example"
password_file = "{folder}/post"
[[person]]
name = "Li"
mail = "li@mail.example"
"""
HUB = """\
[broker]
url = "mqtts://s@farm.example"
[database]
url = "sqlite:///{folder}/hub.db"
[pictures]
dir = "{folder}/pictures"
[http]
cert_file = "{folder}/cert"
key_file = "{folder}/key"
"""
FILES = ("broker", "key", "camera", "county", "village", "group", "post")


@pytest.mark.parametrize(
    "rest", ["", '[database]\nurl = "sqlite:////tmp/x.db"\n[pictures]\ndir = "/tmp"\n', HEAD.format(state="/tmp")]
)
def test_a_receiver_has_its_broker_from_a_file(tmp_path: Path, rest: str) -> None:
    """A hub's, a station's or one of its own; what else is given goes before it."""
    file = tmp_path / "any.toml"
    file.write_text(f'{rest}[broker]\nurl = "{URL}"\npassword_file = "/etc/a"\nca_file = "/etc/ca"\n')
    found = broker_at(None, file, password_file="/etc/b", ca_file=None, cert_file=None, key_file=None)
    assert found == BrokerSection(url=URL, password_file="/etc/b", ca_file="/etc/ca", retry_max_s=10.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[broker]\nurl = "https://x"\n', ":2: broker.url"),
        ('[broker]\nurl = "mqtts://x"\nkey_file = "/k"\n', ":3: broker.key_file"),
        ("[station]\n", "the table [broker] is missing"),
    ],
)
def test_a_mistake_in_such_a_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """As it is in a station's own."""
    file = tmp_path / "any.toml"
    file.write_text(text)
    with pytest.raises(CommandError, match=f"any.toml.*{said.replace('[', '.').replace(']', '.')}") as refused:
        broker_at(None, file)
    assert refused.value.code is Exit.CONFIG


def test_a_broker_is_given_once(tmp_path: Path) -> None:
    """By --broker, by --config or by the variable, which a file on the command line goes before."""
    file = tmp_path / "any.toml"
    file.write_text('[broker]\nurl = "mqtt://127.0.0.1:1"\n')
    look = ("remote", "s", "picture")
    assert "Give --broker or --config, not both." in minshan(*look, "--config", str(file), "--broker", URL).err
    assert "Missing option '--broker'" in minshan(*look).err
    both = minshan(*look, "--config", str(file), env={"MINSHAN_BROKER": "mqtt://127.0.0.1:2"})
    assert "mqtt://127.0.0.1:1 " in both.err
    assert "mqtt://127.0.0.1:2 " in minshan(*look, env={"MINSHAN_BROKER": "mqtt://127.0.0.1:2"}).err


def told(folder: Path, address: str = "a.jpg") -> list[str]:
    """Return what is doubted in a station's file with secrets of all kinds."""
    file = folder / "station.toml"
    file.write_text(HEAD.format(state="/tmp") + SECRETS.format(folder=folder, address=address))
    return [sentence for sentence, _ in doubts(load(file))]


@pytest.mark.parametrize("open_to_all", FILES)
def test_a_secret_that_everybody_can_read_is_told(tmp_path: Path, open_to_all: str) -> None:
    """Of each kind: of the broker, cameras, other platforms and channels; a certificate is none."""
    tmp_path.chmod(0o755)
    (tmp_path / "certificate").touch(0o644)
    for name in FILES:
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644 if name == open_to_all else 0o640)
    found = [sentence for sentence in told(tmp_path) if "can read it" in sentence]
    assert found == [f"{tmp_path}/{open_to_all} contains a password, and every user of this machine can read it"]


@pytest.mark.parametrize(
    ("address", "has_password"),
    [("snap?user=a&pwd=b", True), ("snapshot.cgi?loginuse=a&loginpas=b", True), ("a?channel=1&size=2", False)],
)
def test_a_password_in_a_camera_s_address_is_one_too(tmp_path: Path, address: str, has_password: bool) -> None:
    """Some cameras know no other login than in the query."""
    tmp_path.chmod(0o755)
    (tmp_path / "station.toml").touch()
    (tmp_path / "station.toml").chmod(0o644)
    said = f"{tmp_path}/station.toml contains a password, and every user of this machine can read it"
    assert (said in told(tmp_path, address)) == has_password


def test_another_platform_that_others_can_listen_to_is_told(tmp_path: Path) -> None:
    """A forward by mqtt:// beyond this machine, as the broker itself."""
    found = [sentence for sentence in told(tmp_path) if "not encrypted" in sentence]
    assert found == [
        "[[forward]] village: the connection to mqtt://village.example:1883 is not encrypted, nor is the password"
    ]


OTHER = '[[forward]]\nname = "{name}"\nkind = "{kind}"\nurl = "{url}"\n'


@pytest.mark.parametrize(
    ("text", "has_password"),
    [
        (OTHER.format(name="village", kind="mqtt-json", url="mqtt://s:secret@village.example"), True),
        (OTHER.format(name="village", kind="mqtt-json", url="mqtt://s@village.example"), False),
        (OTHER.format(name="county", kind="http-json", url="https://county.example/in?access_token=0a"), True),
        (OTHER.format(name="county", kind="http-json", url="https://county.example/in?station=7"), False),
        ('[[channel]]\nname = "sms"\nkind = "webhook"\nurl = "https://sms.example/send?key=0a"\n', True),
        ('[[channel]]\nname = "sms"\nkind = "webhook"\nurl = "https://sms.example/send?keyring=0a"\n', False),
    ],
)
def test_a_password_in_any_address_is_one(tmp_path: Path, text: str, has_password: bool) -> None:
    """Other platforms' brokers and gateways have their login in the address as cameras do: a station's or a hub's."""
    station, hub = tmp_path / "station.toml", tmp_path / "hub.toml"
    person = '[[person]]\nname = "Li"\nphone = "13800000000"\n' if "[[channel]]" in text else ""
    station.write_text(HEAD.format(state="/tmp") + text + person)
    hub.write_text(HUB.format(folder=tmp_path) + text)
    said = "{} contains a password, and every user of this machine can read it"
    for mode, folder in ((0o644, 0o755), (0o640, 0o755), (0o644, 0o750)):
        tmp_path.chmod(folder)  # the services' own are closed, as docs/hub.md has a password written into one
        for file in (station, hub):
            file.chmod(mode)
        expected = has_password and (mode, folder) == (0o644, 0o755)
        assert (said.format(station) in [sentence for sentence, _ in doubts(load(station))]) == expected
        assert (said.format(hub) in [sentence for sentence, _ in of_hub(load_hub(hub), hub)]) == expected


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_hub_tells_of_its_secrets_that_everybody_can_read(tmp_path: Path, lang: str) -> None:
    """Its own file, its database's password and its certificate's key: whoever asks for its state is told."""
    tmp_path.chmod(0o755)
    hub = tmp_path / "hub.toml"
    text = HUB.format(folder=tmp_path).replace('url = "mqtts://s@farm.example"', 'url = "mqtt://s:apple@127.0.0.1:1"')
    (tmp_path / "key").write_text("x")
    hub.write_text(text)
    hub.chmod(0o644)
    (tmp_path / "key").chmod(0o604)
    found = [(sentence.partition(" ")[0], remedy) for sentence, remedy in of_hub(load_hub(hub), hub)]
    assert [file for file, _remedy in found] == [str(hub), str(tmp_path / "key")]
    assert all("root:minshan-hub" in remedy for _file, remedy in found)
    told = minshan("--lang", lang, "hub", "status", "--config", str(hub)).out
    assert told.count("! ") == 2 and f"sudo chown root:minshan-hub {hub}" in told


@pytest.mark.parametrize(
    ("login", "more", "missing"),
    [
        ("a@", "", True),
        ("", 'username = "a"\n', True),
        ("a:b@", "", False),
        ("a@", 'password_file = "/etc/hostname"\n', False),
        ("", "", False),
    ],
)
def test_a_user_without_a_password_is_told_as_the_file_is_written(
    tmp_path: Path, login: str, more: str, missing: bool
) -> None:
    """Not only by a broker that refuses it: whoever follows the README meets this first."""
    file = tmp_path / "station.toml"
    file.write_text(HEAD.format(state="/tmp") + f'[broker]\nurl = "mqtt://{login}127.0.0.1:1"\n{more}')
    said = minshan("run", "--check", "--config", str(file))
    assert (said.code, "password of the user a is not given" in said.err + said.out) == (0, missing)
