"""Alerts made from a real store: every turn once, whatever ends the daemon between two steps."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from edge.alerts.alerts import Alerts
from edge.alerts.crops import CRITICAL
from edge.config.errors import ConfigError
from edge.config.file import load
from edge.config.sections import Config
from edge.records.bodies import Alert, plain
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.station_text import HEAD, SHELTER

BEGIN = 1_775_494_800_000_000  # 2026-04-06 17:00 UTC: 01:00 at the station
MINUTE = 60_000_000
KNOWN = ClockMark("ntp", 0.05)
FROST = '[[alert]]\nname = "frost"\ncrop = "apple"\n'
FALL = '[[alert]]\nname = "fall"\nchannel = "air_temperature"\nfalls = [2.0, 4.0]\nhold_min = 1\nclear_min = 2\n'
COLD = '[[alert]]\nname = "cold"\nchannel = "air_temperature"\nbelow = [0.0, -2.0]\nhold_min = 2\nclear_min = 3\n'


def station(folder: Path, rules: str) -> Config:
    """Return a station with a thermometer and these rules."""
    file = folder / "station.toml"
    file.write_text((HEAD + SHELTER).format(state=folder / "state") + rules)
    return load(file)


def opened(folder: Path, epoch: str = "e") -> Store:
    return Store.open(folder / "state", epoch=epoch, destinations=(PLATFORM,))


def minute(number: int, air: float | None, flag: int = 1, humidity: float | None = 80.0, boot: str = "b") -> Draft:
    """Return the minute of that number since BEGIN; its boot began with it where it is another than "b"."""
    values = {"air_temperature": air, "relative_humidity": humidity, "air_pressure": 840.0}
    quality = {name: 9 if value is None else 1 for name, value in values.items()}
    quality["air_temperature"] = 9 if air is None else flag
    body = {"values": values, "quality": quality, "reasons": {}}
    return Draft(Kind.MINUTE, Stamp(boot, 60.0 * number), 60.0, BEGIN + number * MINUTE, KNOWN, body)


def kept(store: Store, alerts: Alerts) -> list[Alert]:
    """Keep each turn with the state, as the recorder does."""
    found = []
    for turn in alerts.turned():
        store.append(Draft(Kind.ALERT, Stamp("b", 0.0), 0.0, None, KNOWN, plain(turn)), {"alerts": alerts.keep()})
        found.append(turn)
    return found


def told(folder: Path, rules: str, *drafts: Draft) -> list[tuple[str, int, float | None]]:
    """Return what a station says of minutes: turn, step and value."""
    store = opened(folder)
    alerts = Alerts(station(folder, rules), store, None)
    found = []
    for draft in drafts:
        store.append(draft, {"alerts": alerts.keep()})
        found += [(turn.turn, turn.step, turn.value) for turn in kept(store, alerts)]
    store.close()
    return found


@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 8))])
def test_restarts_between_any_two_steps_change_no_turn(tmp_path: Path, seed: int) -> None:
    """Killed before or after a turn was kept, the station keeps the turns of an undisturbed run, each once."""
    rng = Random(seed)
    air, night = 3.0, []
    for number in range(300):
        air += rng.uniform(-0.8, 0.8) - 0.02 * (air + 1.0)
        night.append(minute(number, None if rng.random() < 0.1 else round(air, 1), 3 if rng.random() < 0.05 else 1))
    (tmp_path / "calm").mkdir()
    undisturbed = told(tmp_path / "calm", COLD + FROST + FALL, *night)
    config, store = station(tmp_path, COLD + FROST + FALL), opened(tmp_path)
    alerts, found = Alerts(config, store, None), []
    for draft in night:
        store.append(draft, {"alerts": alerts.keep()})
        if rng.random() < 0.3:
            turns = alerts.turned()
            turn = next(turns, None)
            if turn is not None and rng.random() < 0.5:  # killed once it is kept, before the next is asked for
                state = {"alerts": alerts.keep()}
                store.append(Draft(Kind.ALERT, Stamp("b", 0.0), 0.0, None, KNOWN, plain(turn)), state)
                found.append(turn)
            alerts = Alerts(config, store, store.state().get("alerts"))
        if rng.random() < 0.8:
            found += kept(store, alerts)
    found += kept(store, alerts)
    assert [(turn.turn, turn.step, turn.value) for turn in found] == undisturbed
    assert len({turn.turn for turn in found}) > 2, "a night in which something happens"
    assert len({(turn.alert, turn.turn, turn.minute) for turn in found}) == len(found)
    store.close()


def test_an_alert_has_one_identity_from_raised_to_cleared(tmp_path: Path) -> None:
    """All turns of one alert bear its name and its worst value; the next alert of the rule has another."""
    dip = [1.0, -1.0, -1.0, -2.5, -2.6, -1.5, 2.0, 2.0, 2.0]
    store = opened(tmp_path)
    alerts = Alerts(station(tmp_path, COLD), store, None)
    for number, air in enumerate(dip * 2):
        store.append(minute(number, air), {"alerts": alerts.keep()})
    found = kept(store, alerts)
    assert [turn.turn for turn in found] == ["raised", "worse", "cleared"] * 2
    first, second = {turn.alert for turn in found[:3]}, {turn.alert for turn in found[3:]}
    assert len(first) == len(second) == 1 and first != second
    assert [turn.worst for turn in found] == [-1.0, -2.6, -2.6] * 2
    assert [turn.begin for turn in found[:2]] == [BEGIN + 2 * MINUTE, BEGIN + 4 * MINUTE]
    store.close()


def test_what_went_blind_within_its_hours_ends_outside_them(tmp_path: Path) -> None:
    """A thermometer lost before a rule's hours end and back after them: no alert stays open for ever."""
    rules = COLD.replace("clear_min = 3", 'clear_min = 3\nhours = ["19:00", "01:10"]')
    night = [minute(number, None if 3 <= number < 30 else 5.0) for number in range(40)]
    assert [turn for turn, _, _ in told(tmp_path, rules, *night)] == ["blind", "seeing"]


def test_a_suspect_thermometer_says_nothing_and_that_is_told(tmp_path: Path) -> None:
    """A frost rule whose thermometer is doubted or silent is blind, never quiet; an open alert stays open meanwhile."""
    cold = [minute(number, -1.0) for number in range(3)]
    doubted = [minute(number, 9.0, flag=3) for number in range(3, 20)]
    silent = [minute(number, None) for number in range(20, 40)]
    assert told(tmp_path, COLD, *cold, *doubted, *silent) == [("raised", 1, -1.0), ("blind", 1, None)]


@pytest.mark.parametrize(("off", "turns"), [(2, ["raised"]), (30, ["blind", "seeing", "raised"])])
def test_minutes_in_which_the_box_was_off_are_unknown_ones(tmp_path: Path, off: int, turns: list[str]) -> None:
    """A short pause inside a hold changes nothing, a longer one is said; known by the clock over a reboot too."""
    before, after = minute(0, -1.0), [minute(1 + off + number, -1.0, boot="c") for number in range(2)]
    assert [turn for turn, *_ in told(tmp_path, COLD, before, *after)] == turns


def test_a_stage_that_is_said_is_judged_at_once(tmp_path: Path) -> None:
    """At -3 degC an apple in tight bud is safe; the minute after somebody says that it blooms, the alert is raised."""
    store, config = opened(tmp_path), station(tmp_path, FROST)
    alerts = Alerts(config, store, None)
    said = Draft(Kind.STAGE, Stamp("b", 0.0), 0.0, None, KNOWN, {"crop": "apple", "stage": "green-tip", "by": "Li"})
    store.append(said)
    for number in range(5):
        store.append(minute(number, -3.0))
    assert kept(store, alerts) == []
    store.append(msg(said, "full-bloom"))
    store.append(minute(5, -3.0))
    (raised,) = kept(store, alerts)
    assert (raised.turn, raised.step, raised.steps, raised.stage, raised.assumed) == (
        "raised",
        3,
        5,
        "full-bloom",
        False,
    )
    (now,) = Alerts(config, store, alerts.keep()).now
    assert (now.rule, now.step, now.stage, now.assumed) == ("frost", 3, "full-bloom", False)
    store.close()


def msg(said: Draft, stage: str) -> Draft:
    """Return the same word of another stage."""
    return Draft(Kind.STAGE, said.stamp, 0.0, None, KNOWN, {"crop": "apple", "stage": stage, "by": "Li"})


def test_without_a_word_the_tenderest_stage_is_assumed_and_called_so(tmp_path: Path) -> None:
    """Nobody has said the stage: the rule warns as in bloom, and says that it assumes that."""
    store = opened(tmp_path)
    alerts = Alerts(station(tmp_path, FROST), store, None)
    for number in range(3):
        store.append(minute(number, -1.0, humidity=100.0))
    (raised,) = kept(store, alerts)
    assert raised.assumed
    assert raised.limit == pytest.approx(max(CRITICAL["apple"].values()) + 3.0)
    store.close()


def test_without_humidity_the_air_raises_and_does_not_clear(tmp_path: Path) -> None:
    """The wet bulb is never above the air: what the air says is certain of frost, and no all-clear."""
    cold = [minute(number, -3.0, humidity=None) for number in range(3)]
    warm = [minute(number, 9.0, humidity=None) for number in range(3, 60)]
    moist = [minute(number, 9.0) for number in range(60, 70)]
    assert [turn for turn, *_ in told(tmp_path, FROST, *cold, *warm)] == ["raised"]
    (tmp_path / "moist").mkdir()
    assert [turn for turn, *_ in told(tmp_path / "moist", FROST, *cold, *warm, *moist)] == ["raised", "cleared"]


def test_a_colder_corner_is_warned_of_earlier(tmp_path: Path) -> None:
    """With a block that is 2 K colder the alert comes 2 K earlier."""
    (tmp_path / "low").mkdir()
    air = [minute(number, 4.5 - number * 0.1, humidity=100.0) for number in range(60)]
    flat = told(tmp_path, FROST, *air)
    low = told(tmp_path / "low", FROST + "offset_k = -2.0\n", *air)
    assert flat[0][0] == low[0][0] == "raised"
    assert air_at(flat[0]) == pytest.approx(air_at(low[0], 2.0) - 2.0, abs=0.11)


def air_at(turn: tuple[str, int, float | None], offset: float = 0.0) -> float:
    """Return the value of a turn, without the block's offset."""
    assert turn[2] is not None
    return turn[2] + offset


def test_out_of_season_nothing_is_raised_and_what_is_open_is_still_ended(tmp_path: Path) -> None:
    """A rule of the day, 06:00 to 20:00, says nothing at 01:00; one of the night does, and over midnight too."""
    cold = [minute(number, -1.0) for number in range(10)]
    for hours, raised in (("06:00", False), ("22:00", True)):
        folder = tmp_path / hours
        folder.mkdir()
        ends = '"20:00"' if hours == "06:00" else '"01:05"'
        rule = COLD + f'hours = ["{hours}", {ends}]\n'
        warm = [minute(number, 5.0) for number in range(10, 20)]
        turns = [turn for turn, *_ in told(folder, rule, *cold, *warm)]
        assert turns == (["raised", "cleared"] if raised else [])


def test_a_rule_that_is_taken_out_ends_its_alert(tmp_path: Path) -> None:
    """Whoever deletes a rule of an open alert leaves nobody waiting for the all-clear."""
    store = opened(tmp_path)
    alerts = Alerts(station(tmp_path, COLD), store, None)
    for number in range(3):
        store.append(minute(number, -1.0), {"alerts": alerts.keep()})
    (raised,) = kept(store, alerts)
    again = Alerts(station(tmp_path, FROST), store, store.state()["alerts"])
    assert [(turn.turn, turn.alert) for turn in kept(store, again)] == [("ended", raised.alert)]
    store.close()


def test_a_temperature_that_falls_fast_is_told(tmp_path: Path) -> None:
    """A fall of 4 K an hour over half an hour raises a rule of 3 K, one of 2 K does not; over a restart too."""
    rule = '[[alert]]\nname = "fall"\nchannel = "air_temperature"\nfalls = [3.0]\nhold_min = 1\n'
    for number, (speed, turns) in enumerate(((4.0, ["raised"]), (2.0, []))):
        folder = tmp_path / str(number)
        folder.mkdir()
        drafts = [minute(n, 10.0 - speed * n / 60) for n in range(25)]
        assert [turn for turn, *_ in told(folder, rule, *drafts) if turn != "blind"] in (turns, ["seeing", *turns])
        store = opened(folder, "f")
        alerts = Alerts(station(folder, rule), store, store.state()["alerts"])
        assert [now.step for now in alerts.now] == ([1] if turns else [])
        store.close()


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ('name = "a"\n', "exactly one of"),
        ('name = "a"\nabove = [1.0]\n', "which channel"),
        ('name = "a"\ncrop = "apple"\nchannel = "air_temperature"\n', "leave channel out"),
        ('name = "a"\nchannel = "air_temperature"\nabove = [2.0, 1.0]\n', "from the mildest to the worst"),
        ('name = "a"\nchannel = "air_temperatur"\nabove = [1.0]\n', 'did you mean "air_temperature"'),
        ('name = "a"\nchannel = "pm10"\nabove = [1.0]\n', "there are air_pressure"),
        ('name = "a"\ncrop = "durian"\n', "must be one of"),
        ('name = "a"\ncrop = "apple"\nhold_min = 0\n', "at least 1"),
        ('name = "a"\ncrop = "apple"\nseason = ["13-01", "05-31"]\n', "a day of the year such as 04-15"),
        ('name = "a"\ncrop = "apple"\nseason = ["02-30", "05-31"]\n', "a day of the year such as 04-15"),
        (
            'name = "a"\ncrop = "apple"\nseason = ["03-15"]\n',
            'season = ["03-15"]: must be two days of the',
        ),
        ('name = "a"\ncrop = "apple"\nseason = "spring"\n', "must be two days of the year"),
        ('name = "a"\ncrop = "apple"\nhours = []\n', 'must be two times of day, such as ["22:00", "06:30"]'),
        ('name = "a"\nchannel = "air_temperature"\nabove = ["35"]\n', "write it without quotes: 35"),
        ('name = "a"\ncrop = "apple"\nhours = ["25:00", "06:00"]\n', "a time of day such as 06:30"),
        ('name = "a"\ncrop = "apple"\nhours = ["22:00", "22:00"]\n', "begin and end are the same"),
        ('name = "a"\ncrop = "apple"\noffset_k = 2.0\n', "it must be below 0"),
        ('name = "a"\nchannel = "air_temperature"\nbelow = [nan]\n', "finite number"),
        ('name = "a"\nchannel = "air_temperature"\nbelow = []\n', "must not be empty"),
        ('name = "a"\nlost = [0.0]\n', "first limit must be 1 or more"),
        ('name = "a"\nlost = [5]\n', "the file has 1 sensors"),
        ('name = "a"\nchannel = "air_temperature"\nabove = [35.0, 61.0]\n', "61 degC is never reached"),
        ('name = "a"\nchannel = "relative_humidity"\nbelow = [-1.0]\n', "-1 % is never reached"),
        ('name = "a"\ncrop = "apple"\n[[alert]]\nname = "a"\nlost = [1.0]\n', "is taken"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_its_line(tmp_path: Path, rule: str, says: str) -> None:
    """Each mistake names the file, the line and what would be right."""
    with pytest.raises(ConfigError) as refused:
        station(tmp_path, f"[[alert]]\n{rule}")
    assert says in str(refused.value)
    assert len(refused.value.mistakes) == 1
    assert all(mistake.line and mistake.line > 12 for mistake in refused.value.mistakes)
