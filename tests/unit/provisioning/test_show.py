"""`minshan show`: a grower reads the night's curve, its lowest and the frost minutes, on any terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given

from edge.clock.clock import SystemClock
from edge.control.arguments import NoArguments
from edge.control.commands import KNOWN, CommandEntry, Commands, Outcome, Permission
from edge.control.local_socket import Control
from edge.records.answers import Now, Point, Value
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from provisioning.braille import curve
from provisioning.commands.show import bounds, channel_of, show
from provisioning.commands.show_lines import Curve, lines, minutes_under
from provisioning.folding import columns_of
from tests.kits.broker import until
from tests.kits.history_kit import DAY, HOUR, MINUTE

UTC8 = 8 * HOUR
MIDNIGHT = 1_774_886_400_000_000  # 2026-03-31 00:00 by the station's clock
NIGHT = (-1.5, -2.6, None, 0.4)  # of four minutes, the third one missing, the fourth one doubtful
FLAGS = (1, 1, 9, 3)


def shown(points: list[Point], now: Now | None = None, critical: Any = ()) -> Curve:
    """Return a day's curve of a temperature."""
    newest = now or Now("s", MIDNIGHT, MIDNIGHT + MINUTE, None, "ntp", 0.1, {}, 40.0)
    span = (MIDNIGHT - DAY, MIDNIGHT)
    return Curve("24h", "air_temperature", "degC", *span, 8 * 3600, points, points, list(critical), newest)


def points(values: list[float | None]) -> list[Point]:
    """Return minutes from a day before midnight on."""
    begins = (MIDNIGHT - DAY + n * MINUTE for n in range(len(values)))
    return [Point(at, at + MINUTE, value, 9 if value is None else 1) for at, value in zip(begins, values)]


@given(
    st.lists(st.none() | st.floats(-90, 60), max_size=1440),
    st.sampled_from((20, 40, 80, 200)),
    st.sampled_from(((1,), (4,), (3,), (1, 3, 4))),
)
def test_a_curve_fits_its_terminal(values: list[float | None], columns: int, flags: tuple[int, ...]) -> None:
    """No line is wider than the terminal, whatever was measured: nothing, one minute, bad values alone."""
    flagged = [
        one if one.value is None else msgspec.structs.replace(one, quality=flags[n % len(flags)])
        for n, one in enumerate(points(values))
    ]
    for line in lines(shown(flagged), max(columns, 30)):
        assert columns_of(line) <= max(columns, 30), line


@pytest.mark.parametrize(
    ("values", "top", "bottom"),
    [((0.0, 0.0), "1.00", "0.00"), ((0.3, 0.3), "1.30", "0.00"), ((-2.0, -2.0), "-1.00", "-3.00")],
)
def test_a_flat_curve_has_no_scale_below_zero_where_nothing_was(
    values: tuple[float, ...], top: str, bottom: str
) -> None:
    """Neither a night's light of 0 lx nor a day without rain has a negative number at its side."""
    drawn = [line.partition("│")[0].strip() for line in lines(shown(points(list(values))), 60) if "│" in line]
    assert (drawn[0], drawn[-1]) == (top, bottom)


@pytest.mark.parametrize(
    ("channel", "unit", "values", "said"),
    [
        ("rainfall_amount.rain485", "mm", [0.2, 0.0, 0.4], "0.60 mm in all."),
        ("wind_from_direction", "degree", [350.0, 10.0, 90.0, 0.0], "Most often from N."),
        ("wind_from_direction", "degree", [0.0, 0.0], "Newest minute: calm, 40 s ago."),
    ],
)
def test_an_amount_has_a_sum_and_a_direction_no_lowest(channel: str, unit: str, values: list[float], said: str) -> None:
    """The lowest of a circle and of drops in a minute say nothing; calm (0) is no direction."""
    newest = Now("s", MIDNIGHT, MIDNIGHT + MINUTE, None, "ntp", 0.1, {channel: Value(values[-1], 1, unit)}, 40.0)
    curve = shown(points([*values]), newest)._replace(channel=channel, unit=unit)
    told = "\n".join(lines(curve, 80))
    assert said in told
    assert "Lowest" not in told


def test_a_gap_has_no_ink_and_joined_points_have() -> None:
    """What was not measured is a gap in the curve, a steep rise is no cloud of dots."""
    rows = curve([(0.0, 0.0), (10.0, 10.0), None, None, (0.0, 0.0), (0.0, 0.0)], 2, 0.0, 10.0)
    assert [len(row) for row in rows] == [3, 3]
    assert [row[1] for row in rows] == ["\u2800", "\u2800"]
    assert ord(rows[0][0]) & 0xB8 == 0xB8  # up to the highest dot of the second column
    assert ord(rows[1][2]) & 0xC0 == 0xC0  # the lowest dots of both columns


def test_frost_is_counted_in_minutes() -> None:
    """Good minutes alone, each by its length, strictly under the limit."""
    night = [Point(0, MINUTE, -2.0, 1), Point(0, MINUTE // 2, -2.1, 2), Point(0, MINUTE // 2, -9.0, 2)]
    assert minutes_under([*night, Point(0, MINUTE, -5.0, 3)], -2.0) == 1
    assert minutes_under(night, 0.0) == 2


@pytest.mark.parametrize(
    ("clock_h", "first_h", "last_h"), [(7, -6, 7), (12, -6, 8), (23, -6, 8), (0.5, -6, 0.5), (2, -6, 2)]
)
def test_last_night_is_the_one_that_ended_last_or_goes_on(clock_h: float, first_h: float, last_h: float) -> None:
    """From 18:00 to 08:00 by the station's clock, to now where it is not over."""
    now = MIDNIGHT + round(clock_h * HOUR)
    assert bounds("last-night", now, 8 * 3600, None) == (MIDNIGHT + first_h * HOUR, MIDNIGHT + round(last_h * HOUR))


@pytest.fixture(name="folder")
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of a station whose socket answers; its newest minutes were frosty, the last is doubtful."""
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
    begin = MIDNIGHT + 5 * HOUR
    for number, (value, flag) in enumerate(zip(NIGHT, FLAGS)):
        start = begin + number * MINUTE
        body = {"values": {"air_temperature": value}, "quality": {"air_temperature": flag}}
        stamp = Stamp("boot", 60.0 * number)
        store.append(Draft(Kind.MINUTE, stamp, 60.0, start, ClockMark("ntp", 0.1), body))
    said = {"crop": "apple", "stage": "full-bloom", "by": "Wang"}
    store.append(Draft(Kind.STAGE, Stamp("boot", 240.0), 0.0, begin + 4 * MINUTE, ClockMark("ntp", 0.1), said))
    clock = SystemClock()
    told = SimpleNamespace(boot="later", time_at=lambda _at: (begin + 5 * MINUTE, ClockMark("ntp")))
    station = SimpleNamespace(id="orchard-1")
    channels = {("a", "air_temperature"): "air_temperature"}
    config = SimpleNamespace(station=station, site=SimpleNamespace(utc_offset_h=8.0), channels=lambda: channels)
    parts: Any = SimpleNamespace(clock=clock, kept=store, recorder=SimpleNamespace(snapshot=told), config=config)
    known = (one for one in KNOWN if one.name != "status")
    status = CommandEntry("status", NoArguments, Permission.READ, no_hour)
    control = Control(tmp_path / "minshan.sock", clock, Commands(parts, (*known, status)))
    lane = clock.lane("control", control.run)
    until((tmp_path / "minshan.sock").exists)
    monkeypatch.setenv("COLUMNS", "80")
    yield tmp_path
    lane.stop()
    lane.join(10)
    store.close()


def no_hour(_parts: Any, _arguments: Any, _request: Any) -> Outcome:
    """Say of the status what `show` asks of it."""
    return Outcome("done", data={"hour": None})


def test_a_night_is_told(folder: Path) -> None:
    """Lowest and when, the minutes of frost and under what apple bears in full bloom, what is doubtful, the age."""
    said = CliRunner().invoke(show, ["last-night", "--state", str(folder)])
    assert said.exit_code == 0, said.output
    text = " ".join(said.output.split())
    assert "Lowest -2.60 °C at 2026-03-31 05:01, highest -1.50 °C at 2026-03-31 05:00." in text
    assert "Below 0 °C: 2 min, below −1 °C: 2 min, below −2 °C: 1 min." in text
    assert "Below what apple tolerates at full bloom (−2.2 °C): 1 min." in text
    assert "1 minute is doubtful (? under the curve) and not counted." in text
    assert "Newest minute: 0.40 °C (suspect), 1 min ago." in text
    assert any(0x2800 < ord(letter) < 0x2900 for letter in text)


def test_a_window_before_anything_was_measured_is_empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A station that began this morning has no last night: that is said, and not that it measures no temperature."""
    monkeypatch.setattr("provisioning.commands.show.bounds", lambda *_: (MIDNIGHT - 9 * DAY, MIDNIGHT - 8 * DAY))
    said = CliRunner().invoke(show, ["last-night", "--state", str(folder)])
    assert said.exit_code == 0, said.output
    assert "Nothing was measured" in said.output or "Without a value" in said.output, said.output


@pytest.mark.parametrize("window", ["24h", "7d", "season"])
def test_csv_is_what_was_measured(folder: Path, window: str) -> None:
    """Times local and UTC, negative numbers as numbers, a missing value as nothing; no byte-order mark."""
    said = CliRunner().invoke(show, [window, "--csv", "--state", str(folder)])
    assert said.exit_code == 0, said.output
    rows = list(csv.reader(io.StringIO(said.output)))
    if window == "season":
        assert rows[1][:6] == ["2026-03-30T21:00:00Z", "2026-03-31 05:00:00", "8.0", "3600.0", "-2.05", "1"]
        assert rows[1][6:] == ["-2.6", "2026-03-30T21:01:00Z", "-1.5", "2026-03-30T21:00:00Z", "2", "1", "0", "1"]
        return
    assert rows[0] == ["start_utc", "start_local", "utc_offset_h", "duration_s", "air_temperature (degC)", "quality"]
    assert rows[1] == ["2026-03-30T21:00:00Z", "2026-03-31 05:00:00", "8.0", "60.0", "-1.5", "1"]
    assert [row[4:] for row in rows[2:]] == [["-2.6", "1"], ["", "9"], ["0.4", "3"]]


@pytest.mark.parametrize("name", ["air_temperature", "Air temperature", "气温"])
def test_a_quantity_is_known_by_its_names(folder: Path, name: str) -> None:
    """Who types what the table shows, in either language, gets the curve."""
    said = CliRunner().invoke(show, ["last-night", name, "--state", str(folder)])
    assert said.exit_code == 0
    assert said.output.startswith(CliRunner().invoke(show, ["last-night", "--state", str(folder)]).output[:200])


@pytest.mark.parametrize(
    ("name", "channel"),
    [("PM2.5", "pm2p5"), ("pm2p5.field", "pm2p5.field"), ("风速.field", "wind_speed.field"), ("霜", "霜")],
)
def test_the_channel_of_a_name(name: str, channel: str) -> None:
    """A sensor's name behind the quantity's stays; what is no quantity stays too."""
    assert channel_of(name) == channel


def test_what_is_not_measured_is_named(folder: Path) -> None:
    """Whoever asks for something else is told what there is."""
    said = CliRunner().invoke(show, ["24h", "co2", "--state", str(folder)], standalone_mode=False)
    assert "there are: air_temperature" in str(said.exception)


def test_a_value_that_is_missing_is_never_an_old_one() -> None:
    """The newest minute without a value is told as such."""
    newest = Now("s", 0, MINUTE, None, "ntp", 0.1, {"air_temperature": Value(None, 9, "degC")}, 60.0)
    assert lines(shown(points([1.0]), newest), 80)[-1] == "Newest minute: no value, 1 min ago."


def test_without_one_good_value_no_minutes_of_frost_are_counted() -> None:
    """Nobody knows whether it froze: neither "0 minutes below 0" is said, nor of what a crop bears."""
    unknown = shown(points([None] * 60), critical=[("apple", "full-bloom", -2.2)])
    assert not [line for line in lines(unknown, 80) if "elow" in line]
    assert [line for line in lines(shown(points([5.0])), 80) if line.startswith("Below 0 °C: 0 min")]
