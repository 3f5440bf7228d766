"""Slips of a keyboard or an editor in a station's file are told by what is to be written instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.text_files import encoding_of
from drivers.wide_signs import PLAIN, narrowed, plain
from edge.config.file import load
from tests.unit.edge.config.test_config import BME, STATION, mistakes

CHINESE = STATION.replace('"maoxian-1"\n', '"maoxian-1"\ntitle = "茂县，上寨果园"\n')


def test_a_file_of_the_windows_editor_is_taken(tmp_path: Path) -> None:
    """A byte order mark at the beginning and Windows' line ends are no mistakes."""
    file = tmp_path / "station.toml"
    file.write_bytes(b"\xef\xbb\xbf" + (CHINESE + BME).replace("\n", "\r\n").encode())
    assert load(file).station.title == "茂县，上寨果园"


@pytest.mark.parametrize(("encoding", "named"), [("gbk", "GBK"), ("gb18030", "GBK"), ("utf-16", "UTF-16")])
def test_another_encoding_is_named(tmp_path: Path, encoding: str, named: str) -> None:
    """A file in GBK or UTF-16 is told so, not shown a byte."""
    (said,) = mistakes(tmp_path, CHINESE.encode(encoding))
    assert said.endswith(f"the file is in {named}, not UTF-8: save it as UTF-8 in the editor that wrote it")


def test_bytes_that_are_no_text_are_not_called_gbk() -> None:
    """Only what reads as Chinese in GBK is called that."""
    assert encoding_of(b'title = "Maoxi\xe9n"') == ""


@pytest.mark.parametrize(
    ("right", "wrong", "line", "sign", "write"),
    [
        ("id =", "id ＝", 2, "＝", "="),
        ('"maoxian-1"', "“maoxian-1”", 2, "“", '"'),
        ("[site]", "［site］", 4, "［", "["),
        ("[site]", "【site】", 4, "【", "["),
        ("31.68", "31。68", 5, "。", "."),
        ("31.68", "31，68", 5, "，", "."),
        ("31.68", "[31.68，32]", 5, "，", ","),
        ("31.68", "３1.68", 5, "３", "3"),
        ("1590", "1590 ＃米", 7, "＃", "#"),
        ("31.68", "－31.68", 5, "－", "-"),
    ],
)
def test_a_full_width_sign_is_named_with_its_line(
    tmp_path: Path, right: str, wrong: str, line: int, sign: str, write: str
) -> None:
    """The most frequent slip of a Chinese keyboard: the sign and what to write are told, and only its line."""
    assert mistakes(tmp_path, CHINESE.replace(right, wrong, 1)) == [
        f"station.toml:{line}: write {write} instead of the full-width {sign}"
    ]


def test_each_line_with_such_a_sign_is_named(tmp_path: Path) -> None:
    """A file typed throughout with full-width signs is corrected in one go; texts in quotes may hold them."""
    found = mistakes(tmp_path, CHINESE.replace(" = ", " ＝ "))
    assert [said.split(":")[1] for said in found] == ["2", "3", "5", "6", "7", "9"]


def test_a_wide_space_is_told(tmp_path: Path) -> None:
    """A space that looks like one and is none."""
    assert mistakes(tmp_path, STATION.replace("= 1590", "=　1590")) == [
        "station.toml:6: it contains a full-width space: write an ordinary one"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            STATION + BME.replace("0x76", "76"),
            'station.toml:12: sensor "air".address = 76: 76 is decimal: write 0x76? '
            "It must be an address from 0x76 to 0x77",
        ),
        (
            STATION + BME.replace("0x76", "0x78"),
            'station.toml:12: sensor "air".address = 0x78: must be an address from 0x76 to 0x77',
        ),
        (
            STATION.replace("31.68", "103.85").replace("longitude = 103.85", "longitude = 31.68"),
            "station.toml:4: site.latitude = 103.85: are both swapped? latitude = 31.68, longitude = 103.85",
        ),
        (
            STATION + '[broker]\nurl = "mqtt://a:b#c@h:1883"\n',
            'station.toml:10: broker.url = "mqtt://...@h:1883": a # in the login must be written %23; '
            "or put the password in password_file",
        ),
        (
            STATION + '[broker]\nurl = "mqtt://a:b/c@d@h:1883"\n',
            'station.toml:10: broker.url = "mqtt://...@h:1883": a / in the login must be written %2F; '
            "or put the password in password_file",
        ),
        (
            STATION + '[broker]\nurl = "mqtts://a:b@h:88833"\n',
            'station.toml:10: broker.url = "mqtts://...@h:88833": the port after the host\'s : must be from 1 to 65535',
        ),
        (
            STATION + '[broker]\nurl = "mqtt：//h:1883"\n',
            'station.toml:10: broker.url = "mqtt：//h:1883": write : instead of the full-width ：',
        ),
    ],
)
def test_what_was_meant_is_offered(tmp_path: Path, text: str, said: str) -> None:
    """A decimal address, swapped coordinates, a sign in a password: the right form is offered."""
    assert mistakes(tmp_path, text) == [said]


@given(st.text())
def test_only_signs_of_chinese_typing_are_changed(text: str) -> None:
    """No letter of any language is taken for a slip, and what is written instead is ASCII."""
    for sign in text:
        assert not (sign.isascii() and plain(sign))
        assert plain(sign).isascii()
    assert len(narrowed(text)) == len(text)
    assert narrowed("".join(PLAIN)).isascii()


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("id =", "id:", "2: write = between key and value, not :"),
        ("[site]", "// the site\n[site]", "3: a comment begins with #"),
        ("[site]", "; the site\n[site]", "3: a comment begins with #"),
        ("latitude", "纬度", "4: keys and tables are English words in ASCII letters, such as latitude and [site]"),
        ("31.68", "", "4: the value is missing after the ="),
        ("31.68", "31.68, site = 1", "4: write one key per line, without a comma after the value"),
        ("31.68", "True", "4: write true or false, in lower case without quotes"),
        ("1590", "01590", "6: a number must not begin with 0"),
        ('"/var/lib/minshan"', r'"C:\data"', r"8: write / instead of \ (or put the text in single quotes: 'C:\data')"),
        ("1590", '"1590"', '6: site.altitude_m = "1590": write it without quotes: 1590'),
        ("\n", "\r", "1: lines end with a bare CR: save the file with LF or CR LF line endings"),
        ("[site]", "[站]", "3: keys and tables are English words in ASCII letters, such as latitude and [site]"),
        (
            "1590",
            "1590m",
            '6: unexpected "m" after the value: numbers have a decimal point and no unit (31.68), text is in quotes',
        ),
        ("1590", "1590 // m", "6: a comment begins with #"),
        (
            "1590",
            "{ 海拔 = 1590 }",
            "6: keys and tables are English words in ASCII letters, such as latitude and [site]",
        ),
        *(
            (
                "1590",
                value,
                "6: these brackets hold something that is not TOML: commas belong between entries, texts and days in "
                "quotes, and = behind a key",
            )
            for value in ('["a" "b"]', "[03-01, 05-31]", "[上寨]", "{ a: 1 }", "[\n03-01\n]")
        ),
        ("1590", "[1, 2", "6: a bracket is not closed"),
        (
            "1590",
            '"1590 米"',
            '6: site.altitude_m = "1590 米": write the number alone, without quotes and without “米”: '
            "the key's name says the unit, as _m or _min",
        ),
        ('"maoxian-1"', '"a "', '2: station.id = "a ": has blanks before or behind it: take them out'),
        ('"maoxian-1"', '"all"', '2: station.id = "all": no station may be called all: messages to all stations are'),
        (
            "[state]",
            '[broker]\nurl = "mqtt://farm"\nkeepalive_s = 60.0\n[state]',
            "9: broker.keepalive_s = 60.0: must be a whole number: write 60",
        ),
        ("31.68", ".68", "4: a decimal point has digits on both sides, such as 0.5 or 31.0"),
        ("1590", "nan", "6: site.altitude_m = nan: must be a finite number"),
        ("1590", "1e9", "6: site.altitude_m = 1e9: must be at most 5500"),
        ("id =", "id\u00a0=", "2: it contains an invisible sign (U+00A0): remove it, or write an ordinary space"),
        ("[state]", "[site]", "7: [site] is defined already, on line 3"),
        ("[site]", "[site]\nlatitude = 1", "5: latitude is defined already, on line 4"),
        ("[site]", "[alert]\n[[alert]]\n[site]", "3: write [[alert]] with double brackets: there may be several"),
        ("[site]", "[[alert]]\n[alert]\n[site]", "4: write [[alert]] with double brackets: there may be several"),
    ],
)
def test_what_other_kinds_of_files_take_is_told(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """YAML's colon, C's comments, Python's True, Windows' paths: each is told by what this file wants."""
    text = STATION.replace(right, wrong, -1 if right == "\n" else 1)
    assert mistakes(tmp_path, text.encode()) == [f"station.toml:{said}"]


@pytest.mark.parametrize(
    ("driver", "url", "said"),
    [
        ("http", "10.0.0.9/s.jpg", "must be an address such as http://HOST/PATH or https://HOST/PATH"),
        ("http", "rtsp://10.0.0.9/s.jpg", "must be an address such as http://HOST/PATH or https://HOST/PATH"),
        ("rtsp", "http://10.0.0.9/s", "must be an address such as rtsp://HOST/PATH or rtsps://HOST/PATH"),
        ("http", "http://[fe80::1/s.jpg", "must be an address such as http://HOST/PATH or https://HOST/PATH"),
        ("http", "http:// 10.0.0.9/s.jpg", "must be an address such as http://HOST/PATH or https://HOST/PATH"),
        (
            "rtsp",
            "rtsp://a:b@[FE80::1]:554/s",
            "a link-local address needs the interface that leads to it: [fe80::1%eth0]",
        ),
        ("http", "http://10.0.0.9:81233/", "the port after the host's : must be from 1 to 65535"),
        ("http", "http：//10.0.0.9/s.jpg", "write : instead of the full-width ："),
        (
            "http",
            "http://a:b#c@10.0.0.9/",
            "a # in the login must be written %23; or put the password in password_file",
        ),
    ],
)
def test_a_cameras_address_is_checked_with_the_file(tmp_path: Path, driver: str, url: str, said: str) -> None:
    """What can be no camera's address stops the start, not the first picture an hour later."""
    (found,) = mistakes(tmp_path, STATION + f'[[camera]]\nname = "c"\ndriver = "{driver}"\nurl = "{url}"\n')
    assert found.endswith(f": {said}")


@pytest.mark.parametrize(
    ("given", "other", "said"), [("width", "height", "360 for a Camera"), ("height", "width", "1138 for a Camera")]
)
def test_one_side_of_a_picture_is_not_enough(tmp_path: Path, given: str, other: str, said: str) -> None:
    """Beside the default of the other it would cut the picture to a shape that nobody chose: what to write is said."""
    table = f'[[camera]]\nname = "c"\ndriver = "picamera"\n{given} = 640\n'
    (found,) = mistakes(tmp_path, (STATION + table).encode())
    assert f"{given} = 640: needs {other} beside it, {said} Module 3" in found
    (tmp_path / "station.toml").write_text(STATION + table + f"{other} = 480\n")
    assert load(tmp_path / "station.toml").camera[0].width in (480, 640)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.9/图 1.jpg?a=b",
        "https://u:p@cam:8443",
        "http://[fe80::1%25eth0]/s.jpg",
        "http://[fe80::1%eth0]/s.jpg",
        "http://[fd00::1]/",
        "http://摄像头/a",
    ],
)
def test_other_addresses_are_taken(tmp_path: Path, url: str) -> None:
    """Blanks and Chinese in the path, a login, IPv6 with its interface."""
    file = tmp_path / "station.toml"
    file.write_text(STATION + f'[[camera]]\nname = "c"\ndriver = "http"\nurl = "{url}"\n', encoding="utf-8")
    assert load(file).camera[0].url == url
