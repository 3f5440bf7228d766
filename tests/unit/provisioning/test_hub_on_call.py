"""`minshan hub person`, `alerts` and `visits` as people see them, in both languages; bad input in one clear line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from edge.language import texts
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from provisioning.commands.exits import CommandError
from provisioning.commands.hub_on_call import alerts, person
from provisioning.commands.hub_visits import visits
from tests.kits.alarm_kit import MINUTE, World

CHANNELS = """
[broker]
url = "mqtt://127.0.0.1:1"
[database]
url = "sqlite:///{folder}/hub.db"
[pictures]
dir = "{folder}/pictures"
[alarms]
names = {{ orchard-1 = "上寨果园" }}
[[channel]]
name = "group"
kind = "wecom"
key_file = "{folder}/key"
[[channel]]
name = "voice"
kind = "webhook"
url = "http://127.0.0.1:1/call"
[[channel]]
name = "post"
kind = "mail"
url = "smtp://127.0.0.1:1"
sender = "a@example.cn"
"""


@pytest.fixture(name="file")
def a_file(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "hub.toml"
    file.write_text(CHANNELS.format(folder=tmp_path))
    DatabaseSink(opened(f"sqlite:///{tmp_path}/hub.db")).close()
    yield file
    texts.speak("en")


def said(command: click.Command, *words: str, file: Path) -> str:
    """Return what a command prints, or why it refuses."""
    ran = CliRunner().invoke(command, [*words, "--config", str(file)], standalone_mode=False)
    if isinstance(ran.exception, CommandError):
        return str(ran.exception)
    assert ran.exception is None, ran.exception
    return ran.output


@pytest.mark.parametrize(
    ("command", "words", "en", "zh"),
    [
        (
            person,
            ("list",),
            "There is nobody to notify: `minshan hub person add --config {file}`.",
            "还没有要通知的人：`minshan hub person add --config {file}`。",
        ),
        (
            alerts,
            ("list",),
            "There is no open alert, and none of the last 7 d.",
            "没有未结束的告警，最近 7 天也没有告警。",
        ),
        (
            alerts,
            ("log", "--hours", "3"),
            "No message about an alert was sent in the last 3 h.",
            "最近 3 小时没有发过告警消息。",
        ),
        (visits, (), "No station needs attention.", "各站都没有要处理的事。"),
    ],
)
def test_a_list_of_nothing_is_said_to_be_empty(
    command: click.Command, words: tuple[str, ...], en: str, zh: str, file: Path
) -> None:
    """Silence could be a failure too; a program gets no line."""
    for lang, sentence in (("en", en), ("zh", zh)):
        with texts.speaking(lang):
            assert said(command, *words, file=file) == sentence.format(file=file) + "\n"
    assert said(command, *words, "--json", file=file) == ""


@pytest.mark.parametrize(
    ("words", "en", "zh"),
    [
        (("wen",), "Name a channel of the hub's file with --channel; there are: group, voice, post.", "现有：group"),
        (("wen", "--channel", "sms"), "Name a channel of the hub's file", "--channel"),
        (("wen", "--channel", "post"), "Mail needs an address: --mail ADDRESS.", "邮件"),
        (("wen", "--channel", "voice"), "Calls and SMS need a number: --phone NUMBER.", "电话"),
        (("wen", "--channel", "group", "--hours", "8-18"), "Hours have the form HH:MM-HH:MM", "时段"),
        (("wen", "--channel", "group", "--hours", "08:00-25:00"), "Hours have the form HH:MM-HH:MM", "时段"),
        (("wen", "--channel", "group", "--hours", "08:00"), "Hours have the form HH:MM-HH:MM", "时段"),
        (("wen", "--channel", "group", "--phone", "one"), "A phone number has 5 to 15 digits", "位数字"),
        (("wen", "--channel", "group", "--phone", "1380000000"), "a Chinese mobile number has 11", "手机号为 11 位"),
        (("wen", "--channel", "group", "--mail", "here"), "An e-mail address has the form name@host.", "邮箱"),
        (("wen", "--channel", "group", "--station", "Orchard 1"), "A station's name has lower-case letters", "小写"),
        (("wen li", "--channel", "group"), "A name has letters", "姓名"),
    ],
)
def test_a_person_who_could_not_be_told_is_refused_in_one_line(
    file: Path, words: tuple[str, ...], en: str, zh: str
) -> None:
    """What is wrong and how it is given, in both languages, and nobody is kept."""
    for lang, wanted in (("en", en), ("zh", zh)):
        texts.speak(lang)
        line = said(person, "add", *words, file=file)
        assert wanted in line and "\n" not in line.strip() and "$" not in line and "regex" not in line, line
    assert said(person, "list", "--json", file=file) == ""


def test_people_are_kept_listed_and_let_go(file: Path) -> None:
    """Who comes first, for which stations, when; a station that nobody has heard of is pointed out."""
    told = said(
        *(person, "add", "王技术员", "--channel", "group", "--place", "2", "--hours", "08:00-18:00"),
        *("--station", "orchard-9", "--duty", "technician"),
        file=file,
    )
    assert "No station orchard-9 has sent anything yet" in told and '"王技术员" is now notified' in told
    said(person, "add", "zhang", "--channel", "voice", "--phone", "13800000001", file=file)
    first, second = said(person, "list", file=file).splitlines()
    assert first.startswith("1. zhang: grower, all stations, always, voice")
    assert second.startswith("2. 王技术员: technician, orchard-9, 08:00–18:00, group")
    texts.speak("zh")
    assert not re.search(
        r"[A-Za-z]{4,}", said(person, "list", file=file).splitlines()[1].replace("orchard-9", "").replace("group", "")
    )
    assert "zhang" in said(person, "remove", "zhang", file=file)
    assert "zhang" in said(person, "remove", "zhang", file=file) and "没有" in said(
        person, "remove", "zhang", file=file
    )


def test_hours_and_numbers_are_taken_as_a_phone_writes_them(file: Path) -> None:
    """With the signs of a Chinese keyboard, with hyphens, a duty and a language by their names."""
    words = ("--hours", "２２：00 — 06：00", "--phone", "+86 138-0000-0000", "--duty", "技术员", "--language", "中文")
    said(person, "add", "wen", "--channel", "voice", *words, file=file)
    people = said(person, "list", "--json", file=file)
    for kept in ('["22:00", "06:00"]', '"+8613800000000"', '"technician"', '"zh"'):
        assert kept in people


def test_alerts_and_visits_are_told_in_words(file: Path) -> None:
    """What is open, who was told, who knows; a wrong number; nothing to see to is silence."""
    world = World(file.parent, url=f"sqlite:///{file.parent}/hub.db")
    world.start()
    world.alert(1, "raised", 2)
    world.run(MINUTE)
    world.close()
    texts.speak("zh")
    listed = said(alerts, "list", "--days", "366", file=file)
    number = listed.split()[0]
    assert "【霜冻】上寨果园" in listed and "zhang" in listed
    assert "99" in said(alerts, "acknowledge", "99", "--by", "zhang", file=file)
    assert "wang" in said(alerts, "acknowledge", number, "--by", "wang", file=file)
    assert "wang" in said(alerts, "acknowledge", number, "--by", "li", file=file), "the first one stays"
    texts.speak("en")
    assert "; acknowledged by wang" in said(alerts, "list", "--days", "366", file=file)
    assert said(visits, file=file) == "No station needs attention.\n"
