"""What was kept of a device goes on with that device, whatever its channel is called after a change of the file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from drivers.reading import Reading
from edge.measure.closing import Doubts
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.offset import Leapt
from edge.measure.pairs import Usual
from edge.measure.still import StillDoubt
from edge.recorder.channels import KeptDevices, channel_lines, devices, kept_doubts
from edge.records.bodies import Minute
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.small_disk import fill, small_disk
from tests.kits.stations import SMALL, configured, without

RAIN, T = "rainfall_amount", "air_temperature"
BOTH = without(SMALL, "light", "second", "vane")
FIELD_FIRST = BOTH.replace('name = "field"\n', 'name = "field"\nprimary = true\n')


def state(lines: list[ChannelLine], doubts: Doubts | None = None) -> dict[str, object]:
    """Return what a station keeps, as the store gives it back."""
    counters = {line.name: msgspec.to_builtins(line.counter.state) for line in lines if line.counter}
    return {"counters": counters, "doubts": msgspec.to_builtins(doubts or Doubts())}


def told(lines: list[ChannelLine], first: int, totals: dict[str, float]) -> Minute:
    """Return a minute in which the gauges (sensor -> total, mm) tell these totals."""
    minutes = Minutes(lines)
    for n in range(6):
        for sensor, total in totals.items():
            minutes.take(sensor, Reading(RAIN, total, 60.0 * first + 10.0 * n))
    return minutes.close(60.0 * first, 60.0 * first + 60.0, 1.7e9, {})


def after_the_change(folder: Path, before: str, now: str, totals: dict[str, float]) -> Minute:
    """Return the first minute after a change of the file; the gauges stand at 12 and 14 mm until then."""
    old = configured(folder, before)
    lines = channel_lines(old, {}, "boot", {})
    told(lines, 0, {"rain485": 12.0, "field": 14.0})
    config = configured(folder, now)
    return told(channel_lines(config, state(lines), "boot", devices(old)), 1, totals)


def test_another_gauge_made_primary_is_no_rain(tmp_path: Path) -> None:
    """The difference of two gauges' totals fell from no sky; what each has counted since goes on with it."""
    minute = after_the_change(tmp_path, BOTH, FIELD_FIRST, {"rain485": 12.0, "field": 14.33})
    assert minute.values[RAIN] == pytest.approx(0.33)
    assert minute.values[f"{RAIN}.rain485"] == 0.0


def test_a_gauge_of_another_kind_begins_anew(tmp_path: Path) -> None:
    """A gauge replaced by one of another kind, or the size of its tip put right, has another total: no rain."""
    other = BOTH.replace('profile = "rain-renke"', 'profile = "xm9505"')
    assert after_the_change(tmp_path, BOTH, other, {"rain485": 15.0, "field": 14.0}).values[RAIN] == 0.0
    tip = BOTH.replace('port = "sim-field"', 'port = "sim-field"\nmm_per_tip = 0.4')
    assert after_the_change(tmp_path, BOTH, tip, {"rain485": 12.0, "field": 17.0}).values[f"{RAIN}.field"] == 0.0


def test_a_gauge_on_another_port_goes_on(tmp_path: Path) -> None:
    """How a gauge is connected changes no total: what fell while the file was changed is counted."""
    moved = BOTH.replace("address = 3", "address = 4").replace("sim-rs485", "sim-other")
    assert after_the_change(tmp_path, BOTH, moved, {"rain485": 12.4, "field": 14.0}).values[RAIN] == pytest.approx(0.4)


def renamed(text: str, name: str, to: str) -> str:
    """Return a station's file with a sensor called otherwise."""
    return text.replace(f'name = "{name}"', f'name = "{to}"')


def test_a_gauge_that_is_called_otherwise_goes_on(tmp_path: Path) -> None:
    """A name is the file's alone: what fell while it was changed is counted, and its doubts stay."""
    hill = renamed(BOTH, "field", "hill")
    minute = after_the_change(tmp_path, BOTH, hill, {"rain485": 12.0, "hill": 14.66})
    assert minute.values[f"{RAIN}.hill"] == pytest.approx(0.66)
    kept, had = state([], Doubts(void=[f"{T}.field"])), devices(configured(tmp_path, BOTH))
    assert kept_doubts(configured(tmp_path, hill), kept, had) == Doubts(void=[f"{T}.hill"])


def test_a_gauge_with_another_serial_number_begins_anew(tmp_path: Path) -> None:
    """Of the same kind, in the same place, under another name: its own number says that it is another."""
    numbered = BOTH.replace('name = "field"\n', 'name = "field"\nserial = "1"\n')
    other = renamed(numbered, "field", "hill").replace('serial = "1"', 'serial = "2"')
    minute = after_the_change(tmp_path, numbered, other, {"rain485": 12.0, "hill": 16.0})
    assert minute.values[f"{RAIN}.hill"] == 0.0


def test_names_that_were_exchanged_begin_anew(tmp_path: Path) -> None:
    """Whether two gauges of one kind changed names or places nobody knows: neither's total is the other's."""
    gauge = '\n[[sensor]]\nname = "{}"\ndriver = "ascii-station"\nport = "{}"\n'
    before = without(BOTH, "rain485", "field") + gauge.format("a", "p1") + gauge.format("b", "p2")
    now = before.replace('"a"', '"c"').replace('"b"', '"a"').replace('"c"', '"b"')
    old = configured(tmp_path, before)
    lines = channel_lines(old, {}, "boot", {})
    told(lines, 0, {"a": 12.0, "b": 14.0})
    minute = told(
        channel_lines(configured(tmp_path, now), state(lines), "boot", devices(old)), 1, {"a": 14.0, "b": 12.0}
    )
    assert [value for name, value in minute.values.items() if name.startswith(RAIN)] == [0.0, 0.0]


def test_what_an_older_version_kept_goes_on_by_its_name(tmp_path: Path) -> None:
    """It kept the first of a device's two sums."""
    old = configured(tmp_path, BOTH)
    lines = channel_lines(old, {}, "boot", {})
    told(lines, 0, {"rain485": 12.0, "field": 14.0})
    had = {name: one.split()[0] for name, one in devices(old).items()}
    minute = told(channel_lines(old, state(lines), "boot", had), 1, {"rain485": 12.2, "field": 14.0})
    assert minute.values[RAIN] == pytest.approx(0.2)


def test_a_store_of_an_older_version_goes_on(tmp_path: Path) -> None:
    """Where no devices were kept, a channel's counter goes on under its name."""
    config = configured(tmp_path, BOTH)
    lines = channel_lines(config, {}, "boot", {})
    told(lines, 0, {"rain485": 12.0})
    assert told(channel_lines(config, state(lines), "boot", {}), 1, {"rain485": 12.2}).values[RAIN] == pytest.approx(
        0.2
    )


def test_doubts_go_on_with_their_device(tmp_path: Path) -> None:
    """A sensor in doubt is so under its other name too; the one that takes its place is not."""
    doubts = Doubts(
        utc=1.7e9,
        leapt={T: Leapt(5.0, 60.0, 10.0)},
        still={f"{T}.field": StillDoubt(7200.0, 10.0, 10.0, 10.0)},
        habits={T: (60.0, 50_000.0), "wind_speed equal": (9.0, 50_000.0)},
        usual={f"{T} {T}.field": Usual(1.0, 0.1, 200_000.0)},
        apart={f"{T} {T}.field": 700.0},
        void=[T, f"{T}.field"],
    )
    kept, had = state([], doubts), devices(configured(tmp_path, BOTH))
    found = kept_doubts(configured(tmp_path, FIELD_FIRST), kept, had)
    assert found == Doubts(
        utc=1.7e9,
        leapt={f"{T}.shelter": Leapt(5.0, 60.0, 10.0)},
        still={T: StillDoubt(7200.0, 10.0, 10.0, 10.0)},
        habits={f"{T}.shelter": (60.0, 50_000.0), "wind_speed equal": (9.0, 50_000.0)},
        usual={f"{T}.shelter {T}": Usual(1.0, 0.1, 200_000.0)},
        apart={f"{T}.shelter {T}": 700.0},
        void=[f"{T}.shelter", T],
    )
    alone = kept_doubts(configured(tmp_path, without(BOTH, "field")), kept, had)
    assert alone == Doubts(utc=1.7e9, leapt={T: Leapt(5.0, 60.0, 10.0)}, habits={T: (60.0, 50_000.0)}, void=[T])


def test_the_devices_are_known_by_their_sum(tmp_path: Path) -> None:
    """A record names its devices by a sum; the store has which they are, also after others were tried for a while."""
    both, field_first = configured(tmp_path, BOTH), configured(tmp_path, FIELD_FIRST)
    store = Store.open(tmp_path / "store", epoch="e", destinations=(PLATFORM,))
    first = KeptDevices(store.notes, both, {})
    other = KeptDevices(store.notes, field_first, {"devices": first.sum})
    again = KeptDevices(store.notes, both, {"devices": other.sum})
    store.close()
    assert first.had == {} and other.had == devices(both) and again.had == devices(field_first)
    assert again.sum == first.sum != other.sum


def test_devices_that_another_version_saved_keep_no_station_from_starting(tmp_path: Path) -> None:
    """A station that was downgraded knows none of them, and saves its own again."""
    config = configured(tmp_path, BOTH)
    store = Store.open(tmp_path / "store", epoch="e", destinations=(PLATFORM,))
    store.notes.put("devices", "newer", b'{"rainfall_amount":["of","another","form"]}', 20)
    first = KeptDevices(store.notes, config, {"devices": "newer"})
    assert first.had == {}
    assert KeptDevices(store.notes, config, {"devices": first.sum}).had == devices(config)
    store.close()


def test_a_full_disk_does_not_keep_a_station_from_starting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the devices cannot be saved the station starts, as it did before it saved any."""
    config = configured(tmp_path, BOTH)
    with small_disk(tmp_path / "card") as card:
        store = Store.open(card, epoch="e", destinations=(PLATFORM,))
        fill(card)
        assert KeptDevices(store.notes, config, {}).had == {}
        store.close()
    assert "cannot be read or saved" in caplog.text


@pytest.mark.parametrize(
    "counters",
    [
        None,
        [],
        {RAIN: None},
        {RAIN: {"last": "12.0"}},
        {RAIN: {"last": 12.0, "levels": [{"kind": "of a newer version", "first": 1.0, "last": 1.0, "at": 1.0}]}},
    ],
)
def test_totals_that_cannot_be_read_keep_no_station_from_starting(
    tmp_path: Path, counters: object, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer version may have saved them before it was taken back: that gauge counts from its next reading on, and the
    other one goes on with its total."""
    old = configured(tmp_path, BOTH)
    lines = channel_lines(old, {}, "boot", {})
    told(lines, 0, {"rain485": 12.0, "field": 14.0})
    saved = state(lines)
    if isinstance(counters, dict):
        counters = {**saved["counters"], **counters}  # type: ignore[dict-item]  # a table
        assert {RAIN, f"{RAIN}.field"} == set(counters)
    minute = told(channel_lines(old, saved | {"counters": counters}, "boot", {}), 1, {"rain485": 12.2, "field": 14.33})
    assert minute.values[RAIN] == 0.0
    assert minute.values[f"{RAIN}.field"] == (0.33 if isinstance(counters, dict) else 0.0)
    assert caplog.text.count("cannot be read") == isinstance(counters, dict)
