"""What `minshan watch` shows on a terminal: words, flags, ages; nothing cut on a narrow one."""

from __future__ import annotations

import logging
import re
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

from edge.clock.clock import system_utc
from edge.language import texts
from edge.language.log_lines import to_stderr
from edge.records.bodies import raw
from edge.wire.contract import Status, Topic, encode, topic
from hub.tally import assignments
from provisioning.commands.watch import summary
from provisioning.commands.watch_screen import Plain, StationsTable, table
from tests.kits.receiver_kit import UTC0, Desk, minute


@pytest.fixture(name="desk")
def receiving(tmp_path: Path) -> Desk:
    """Give a receiver that has a doubtful minute of a station that is away, and lacks two records."""
    desk = Desk(tmp_path)
    record = minute(4, start=UTC0 + 180_000_000, air_temperature=4.654, relative_humidity=99.0)
    flagged = {"quality": {"air_temperature": 3, "relative_humidity": 1}}
    desk.records(msgspec.structs.replace(record, body=raw(record.fields() | flagged)), minute(1))
    desk.take((topic("s", Topic.STATUS), encode(Status(1, "s", "offline", "e"))))
    return desk


def drawn(desk: Desk, width: int) -> str:
    """Return the table as it stands on a terminal so wide, four minutes after the last record."""
    console = Console(width=width, force_terminal=False)
    with console.capture() as shown:
        console.print(table(desk.receiver, system_utc() + 240_000_000, width, {"s": 7200.0}))
    return shown.get()


@pytest.mark.parametrize("width", [140, 80, 40])
def test_a_value_has_its_unit_its_flag_and_its_age(desk: Desk, width: int) -> None:
    """A doubtful value is never shown as a good one, a station that is away says for how long, holes are counted."""
    text = " ".join(drawn(desk, width).replace("│", " ").replace("┃", " ").split())
    for word in ("offline for 2 h", "4 min", "Air temperature 4.65 °C (suspect)", "Not received", "2 in 1 place"):
        assert word in text or all(part in text for part in word.split()), f"{word} in {text}"
    assert "…" not in text
    assert "(suspect)" in text
    assert "99.0 % (" not in text


def test_what_is_not_shown_is_not_passed_off_as_good(tmp_path: Path) -> None:
    """A minute has more channels than a table has room for: how many of those are suspect, bad or missing is said."""
    desk = Desk(tmp_path)
    channels: dict[str, Any] = dict.fromkeys([f"air_temperature.t{n}" for n in range(9)], 1.0)
    record = minute(1, **channels)
    quality = {**record.fields()["quality"], "air_temperature.t6": 3, "air_temperature.t8": 9}
    desk.records(msgspec.structs.replace(record, body=raw(record.fields() | {"quality": quality})))
    text = drawn(desk, 140)
    assert "suspect" not in text and "2 others not good" in " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize(
    ("second_begins", "revision", "told"),
    [(60, 0, True), (180, 0, False), (165, 0, False), (60, 1, True)],
    ids=["within the first", "after it", "a little before its end", "within it, by a new date"],
)
def test_two_boxes_of_one_name_are_told_of(tmp_path: Path, second_begins: int, revision: int, told: bool) -> None:
    """One box ends a start before it begins the next: where two measure at one time, a card was copied."""
    desk = Desk(tmp_path)
    desk.records(*(minute(n + 1, start=UTC0 + n * 60_000_000) for n in range(3)))
    later = minute(9, revision, start=UTC0 + second_begins * 1_000_000)
    desk.records(msgspec.structs.replace(later, epoch="other"), minute(20, start=None))
    said = "s: minutes overlap others: a second box sends in this station's name"
    assert (said in " ".join(drawn(desk, 140).split())) is told
    assert any(line.startswith(said) for line in summary(desk.receiver)) is told


@pytest.mark.parametrize(
    ("minutes", "late_s", "sure"), [(30, 0, True), (4, 0, False), (30, 7200, False)], ids=["live", "short", "backlog"]
)
def test_two_boxes_that_send_live_are_told_from_times_to_be_corrected(
    tmp_path: Path, minutes: int, late_s: int, sure: bool
) -> None:
    """This receiver's own clock confirms when they measured; of a backlog nobody knows yet."""
    desk = Desk(tmp_path)
    for place in range(minutes):
        begin = UTC0 + place * 60_000_000
        for epoch in ("one", "other"):
            record = msgspec.structs.replace(minute(place + 1, start=begin), epoch=epoch)
            desk.receiver.tally.take("s", record, begin + 62_000_000 + late_s * 1_000_000)
    (line,) = (line for line in summary(desk.receiver) if line.startswith("s: "))
    assert ("s: two boxes send in this station's name" in line) is sure
    assert ("times are still to be corrected" in line) is not sure


def test_a_start_that_is_dated_anew_overlaps_no_more(tmp_path: Path) -> None:
    """What was told of wrong times is taken back once they are right."""
    desk = Desk(tmp_path)
    desk.records(minute(1), msgspec.structs.replace(minute(1), epoch="other"))
    assert "overlap" in drawn(desk, 140)
    desk.records(msgspec.structs.replace(minute(1, 1, start=UTC0 - 3_600_000_000), epoch="other"))
    assert "overlap" not in drawn(desk, 140)


def test_how_to_stop_stands_once_below_each_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a low window the last page has it at the end of the table, and nothing twice."""
    monkeypatch.setattr("provisioning.commands.watch_screen.REFRESH", 0.0)
    monkeypatch.setattr("provisioning.commands.watch_screen.PAGE_TURNS", 1)
    out = StringIO()
    with Live(console=Console(file=out, width=60, height=7, force_terminal=True), auto_refresh=False) as live:
        screen = StationsTable(live)
        for _ in range(6):
            screen.tick(desk.receiver)
    frames = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()).split("Ctrl-C stops it")
    assert len(frames) >= 6
    assert [frame for frame in frames[:-1] if not frame.strip()] == []


def test_what_stands_over_a_narrow_table_is_as_wide_as_the_window(tmp_path: Path) -> None:
    """Before the first station has come the table is a few columns wide; no word over it or below it is broken."""
    desk = Desk(tmp_path)
    lines = drawn(desk, 40).splitlines()
    assert lines[0].startswith("Minshan 岷山  ") and len(lines) < 9


def test_values_that_are_folded_stay_under_their_station(desk: Desk) -> None:
    """On a narrow window no line of a station's values begins at its edge, as a station's name does."""
    with texts.speaking("zh"):
        lines = [line for line in drawn(desk, 30).splitlines() if line.startswith("│")]
    assert len(lines) > 4
    assert [line for line in lines if not line.startswith("│  ")] == lines[:1]


def test_a_pipe_gets_a_line_a_record_that_a_script_can_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All values stand there in the contract's names, the same in each language; none that is not good is a number."""
    many: dict[str, Any] = {f"air_temperature.t{n}": 1.25 * n for n in range(9)}
    record = minute(4, air_temperature=4.654, rainfall_amount=0.2, pm10=None, **many)
    quality = {**record.fields()["quality"], "rainfall_amount": 3, "pm10": 9, "air_temperature.t8": 2}
    record = msgspec.structs.replace(record, body=raw(record.fields() | {"quality": quality}))
    monkeypatch.setenv("LANGUAGE", "")
    for language in ("en", "zh"):
        texts.speak(language)
        Plain().seen("orchard-1", record)
    texts.speak("en")
    line, same = capsys.readouterr().out.splitlines()
    assert line == same
    station, when, kind, *told = line.split(" ")
    assert (station, when, kind) == ("orchard-1", "2026-01-01T00:00:00Z", "minute")
    values = dict(one.split("=") for one in told)
    assert len(values) == 12
    assert (values["air_temperature"], values["air_temperature.t7"]) == ("4.65", "8.75")
    assert (values["rainfall_amount"], values["pm10"]) == ("0.20(suspect)", "(missing)")
    assert values["air_temperature.t8"] == "10.00(not-checked)"


def test_a_line_is_whole_when_the_next_command_of_the_pipe_sees_it() -> None:
    """Whatever stands in a record from the network is one line of words, and no control character gets through."""
    hostile: dict[str, Any] = {"air\ntemp erature": 1.0, "wind_speed": True, "\x1b[2J": 2.0}
    record = minute(1, **hostile)
    quality = {"air\ntemp erature": [], "\x1b[2J": 17}
    record = msgspec.structs.replace(record, body=raw(record.fields() | {"quality": quality}))
    (first, second) = assignments(record)
    assert first.endswith("=1(not-stated)") and second.endswith("=2(unknown)")
    assert " " not in first + second and "\n" not in first and "\x1b" not in second


def test_a_line_of_the_journal_comes_above_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins a line of its own and the table is drawn below it: nothing is left of the table that was there."""
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=24)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    to_stderr(logging.WARNING, "%(message)s")
    with Live(Text("the table"), console=console, auto_refresh=False) as live:
        live.refresh()
        logging.getLogger("minshan.test").warning("the connection to %s broke", "mqtt://h")
    assert "\x1b[2Kthe connection to mqtt://h broke\nthe table" in screen.getvalue()
