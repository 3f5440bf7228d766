"""What doctor and status say of the time: who is to mend what, in both languages."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from drivers.reason import Reason
from edge.clock import timekeeper
from edge.clock.anchors import Anchor
from edge.clock.clock import SystemClock
from edge.clock.timekeeper import UNSYNCHRONISED, KernelTime, NotAllowedError, Timekeeper
from edge.config.file import load
from edge.language import texts
from edge.language.log_lines import LogFormatter
from edge.recorder.boot_time import BootTime
from edge.records.bodies import plain
from edge.snapshots import ClockStatus, StationStatus, read
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from provisioning.commands.status import time_trouble
from provisioning.doctor.box import clock, clock_of
from tests.kits.statuses import status
from tests.kits.system import TRUSTED
from tests.unit.edge.config.test_config import STATION

FORBIDDEN = NotAllowedError(errno.EPERM)
REFUSED = FORBIDDEN.reason
IMPOSSIBLE = Reason(
    "time_cannot_be",
    "{source} says {day}, which is impossible: it is not trusted",
    source="gnss",
    day="2006-11-07 08:00:00",
)
CONTRADICTED = Reason(
    "time_contradicted",
    "{source} says {day}, {seconds:+.3f} s from what {kept_source} said: both may be right until more is known",
    source="platform",
    day="2026-09-21 15:13:20",
    seconds=3600.0,
    kept_source="ntp",
)
IN_WORDS = (
    "the platform says 2026-09-21 15:13:20, +3600.000 s from what network time said: both may be right until more is "
    "known"
)
UTC0 = 1_790_000_000_000_000


def answer(utc: int | None, source: str, trouble: Reason | None) -> StationStatus:
    """Return the status of a running station that knows so much of the time, as it comes through the socket."""
    return read(plain(status(time=utc, clock=ClockStatus(source, None if utc is None else 0.0712, trouble))))


@pytest.mark.parametrize(
    ("utc", "source", "trouble", "mark", "sentence", "remedy"),
    [
        (UTC0, "ntp", None, "✓", "clock: 2026-09-21 22:13, ±0.08 s", ""),
        (UTC0, "platform", UNSYNCHRONISED, "✓", "clock: 2026-09-21 22:13, ±0.08 s", ""),
        (UTC0, "platform", REFUSED, "!", f"clock: 2026-09-21 22:13, ±0.08 s; but {REFUSED}", "ProtectClock"),
        (UTC0, "ntp", CONTRADICTED, "!", f"clock: 2026-09-21 22:13, ±0.08 s; but {IN_WORDS}", "chronyc"),
        (None, "arrival", UNSYNCHRONISED, "✗", "clock: the system's time is not synchronised", "chrony"),
        (None, "arrival", REFUSED, "✗", f"clock: {REFUSED}", "SystemCallFilter"),
        (
            None,
            "arrival",
            IMPOSSIBLE,
            "✗",
            "clock: satellite time says 2006-11-07 08:00:00, which is impossible: it is not trusted",
            "journalctl",
        ),
    ],
)
def test_the_doctor_says_what_the_running_station_knows(
    utc: int | None, source: str, trouble: Reason | None, mark: str, sentence: str, remedy: str
) -> None:
    """By the station's own word, not by a look of the doctor's; a platform that tells the time is enough."""
    finding = clock_of(answer(utc, source, trouble))
    assert finding.mark == mark
    assert finding.sentence.startswith(sentence)
    assert remedy in finding.remedy
    assert bool(finding.remedy) == bool(remedy)


def test_a_box_whose_clock_stands_in_1970_is_not_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor does not believe what no station would believe, though the file trusts the system's clock."""
    file = tmp_path / "station.toml"
    file.write_text(STATION + TRUSTED)
    monkeypatch.setattr(timekeeper, "system_utc", lambda: 3_600_000_000)
    finding = clock(load(file))
    assert finding.mark == "✗"
    assert finding.sentence == "clock: 1970-01-01 09:00, which cannot be right"
    assert "chrony" in finding.remedy


def test_status_has_a_line_for_it() -> None:
    """`minshan status` names what is wrong with the time, and is silent where nothing is."""
    assert time_trouble(answer(None, "arrival", REFUSED).clock) == [f"Time: {REFUSED}"]
    assert time_trouble(answer(UTC0, "ntp", None).clock) == []


@pytest.fixture
def in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speak Chinese in this process, for one test."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")


@pytest.mark.usefixtures("in_chinese")
def test_it_is_said_in_chinese() -> None:
    """The same in Chinese, figures and all."""
    assert clock_of(answer(None, "arrival", REFUSED)).sentence == (
        "时钟：系统不允许本程序查询时钟是否准确（不允许的操作）"
    )
    assert time_trouble(ClockStatus("arrival", None, IMPOSSIBLE)) == [
        "时间：卫星授时给出的时间 2006-11-07 08:00:00 不可能正确，不予采用"
    ]
    assert time_trouble(ClockStatus("ntp", None, CONTRADICTED)) == [
        "时间：平台授时给出的时间 2026-09-21 15:13:20 与网络授时此前的时间相差 +3600.000 秒，判明之前两者都可能正确"
    ]


class Forbidden(KernelTime):
    """A kernel that may not be asked, or says nothing."""

    def __init__(self, error: NotAllowedError | None) -> None:
        self.error = error

    def probe(self, boot: str, boottime: float) -> None:
        """Answer as the test has set it."""
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("ntp", "网络授时"),
        ("platform", "平台授时"),
        ("gnss", "卫星授时"),
        ("rtc", "时钟芯片"),
        ("modem", "移动网络授时"),
    ],
)
def test_the_journal_names_who_told_the_time_in_chinese(
    source: str, word: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line of the moment in which the time becomes known has no name of the wire in it."""
    monkeypatch.setenv("LANGUAGE", "")
    caplog.set_level(logging.INFO, "minshan.time")
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
    BootTime(store, "b").learn(Anchor("b", 10.0, UTC0, source, 0.05))
    store.close()
    texts.speak("zh")
    (line,) = [LogFormatter("%(message)s").format(record) for record in caplog.records]
    texts.speak("en")
    assert line.startswith(f"已由“{word}”得知时间，误差 0.050 秒"), line


def test_a_refusal_is_logged_once_and_told_from_silence(caplog: pytest.LogCaptureFixture) -> None:
    """Of several sources one refusal is what a person has to know; it is logged when it is new."""
    clock = SystemClock()
    source = Forbidden(FORBIDDEN)
    keeper = Timekeeper([source, Forbidden(None)], "b", clock, clock.inbox(1), settled=lambda: False)
    for _ in range(3):
        assert keeper.look() == []
    assert keeper.snapshot == REFUSED
    assert [record.getMessage() for record in caplog.records] == [f"no time from this box: {REFUSED}"]
    source.error = None
    assert keeper.look() == []
    assert keeper.snapshot == UNSYNCHRONISED
