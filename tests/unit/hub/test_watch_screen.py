"""What `minshan watch` shows on a terminal: words, flags, ages; nothing cut on a narrow one."""

from __future__ import annotations

import logging
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

from edge.clock.clock import system_utc
from edge.language.log_lines import StderrHandler
from edge.records.bodies import raw
from edge.wire.contract import Status, Topic, encode, topic
from provisioning.commands.watch_screen import table
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


def test_what_stands_over_a_narrow_table_is_as_wide_as_the_window(tmp_path: Path) -> None:
    """Before the first station has come the table is a few columns wide; no word over it or below it is broken."""
    desk = Desk(tmp_path)
    lines = drawn(desk, 40).splitlines()
    assert lines[0].startswith("Minshan 岷山  ") and len(lines) < 9


def test_a_line_of_the_journal_comes_above_the_table() -> None:
    """It begins a line of its own and the table is drawn below it: nothing is left of the table that was there."""
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=24)
    log = logging.Logger("minshan.test")
    log.addHandler(StderrHandler())
    with Live(Text("the table"), console=console, auto_refresh=False) as live:
        live.refresh()
        log.warning("the connection to %s broke", "mqtt://h")
    assert "\x1b[2Kthe connection to mqtt://h broke\nthe table" in screen.getvalue()
