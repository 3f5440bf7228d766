"""What people read: whole sentences in both languages, the same first word, short words for an SMS, no forecast."""

from __future__ import annotations

import re
from itertools import product
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reason import Reason
from edge.delivery.facts import AlertFacts, What, facts_of
from edge.delivery.message import WORD
from edge.delivery.short import short_of, value_of
from edge.delivery.texts import begun, sentence
from edge.language.spoken import Spoken
from edge.records.bodies import Alert
from tests.kits.services import SMS

NOW = 1_774_375_200_000_000  # 2026-03-25 02:00 at UTC+8
ALERT = Alert(
    *("a", "frost", "raised", 2, 5, -2.2, -2.3, 7),
    quantity="wet_bulb_temperature",
    unit="degC",
    crop="apple",
    stage="full-bloom",
    worst=-3.1,
)
TURNS = ("raised", "worse", "still", "blind", "cleared", "ended", "known")
FORECAST = re.compile(r"will |expect|forecast|soon|预计|将|预报|可能会", re.IGNORECASE)


def facts(**more: Any) -> AlertFacts:
    """Return what is known of a frost, changed."""
    return msgspec.structs.replace(facts_of(ALERT, "上寨果园", NOW + 720_000_000, NOW + 725_000_000, 8.0), **more)


def test_frost_is_told_as_a_grower_wants_to_hear_it() -> None:
    """Where, when, how cold, how fast it fell, the stage and its limit: in one sentence of each language."""
    told = facts(air=-1.1, fall=1.4)
    assert sentence(Spoken("zh"), told) == (
        "【霜冻】上寨果园 02:12，气温 -1.1℃（湿球 -2.3℃），近30分钟每小时降 1.4℃，苹果盛花期 10% 受冻线 -2.2℃"
    )
    assert sentence(Spoken("en"), told) == (
        "[Frost] 上寨果园 02:12, air -1.1 °C (wet bulb -2.3 °C), fell 1.4 °C an hour in the last 30 min, "
        "apple, full bloom: 10 % of the buds die at -2.2 °C"
    )
    assert "（推定）" in sentence(Spoken("zh"), facts(assumed=True))
    assert "解除" in sentence(Spoken("zh"), facts(turn="cleared")) and "-3.1" in sentence(
        Spoken("zh"), facts(turn="cleared")
    )


@pytest.mark.parametrize("name", ["长" * 60, "=1+1, <b>*_'", "རྡོ་རྗེ", "👩\u200d🌾"])
def test_a_station_is_called_as_people_call_it(name: str) -> None:
    """Whatever signs its name has: robots get plain text."""
    assert sentence(Spoken("zh"), facts(station=name)).startswith(f"【霜冻】{name} 02:12，")


@pytest.mark.parametrize("turn", ["raised", "cleared", "blind"])
def test_a_name_that_is_written_from_the_right_turns_no_time_about(turn: str) -> None:
    """It is set apart by two signs that are not seen; without them a phone shows hour and minute before the day."""
    assert "\u2068مەۋلان باغ\u2069 " in sentence(Spoken("zh"), facts(station="مەۋلان باغ", turn=turn))


def test_what_sees_again_with_nothing_the_matter_is_no_alert() -> None:
    """A thermometer that was lost and is back: not "frost, wet bulb 12", which would wake people for nothing."""
    back = msgspec.structs.replace(ALERT, turn="seeing", step=0, value=12.0, worst=12.0)
    told = sentence(Spoken("zh"), facts_of(back, "上寨果园", NOW, NOW, 8.0))
    assert told == "【恢复】上寨果园 02:00，霜冻可重新判断"
    again = facts_of(msgspec.structs.replace(ALERT, turn="seeing"), "上寨", NOW, NOW, 8.0)
    assert sentence(Spoken("en"), again).startswith("[Frost]")


@pytest.mark.parametrize(
    ("limit", "turn", "value", "what"),
    [
        *((1.0, "raised", 1.0, "cold"), (35.0, "raised", 35.0, "heat"), (1.0, "blind", None, "cold")),
        *((1.0, "seeing", 12.0, "cold"), (35.0, "seeing", 20.0, "heat"), (18.0, "raised", 17.0, "cold")),
    ],
)
def test_cold_is_never_told_as_heat(limit: float, turn: str, value: float | None, what: str) -> None:
    """At its very limit, and where nothing is seen, a rule of cold is one of cold."""
    step = int(turn == "raised")
    said = Alert("a", "cold", turn, step, 1, limit, value, 7, quantity="air_temperature", unit="degC", worst=value)
    assert facts_of(said, "s", NOW, NOW, 8.0).what == what


def test_a_silent_station_is_told_with_what_it_said_last() -> None:
    """How long, the last value, and that it was falling."""
    told = facts(what="silent", minutes=7, air=1.2, value=0.1, fall=0.9, turn="raised")
    assert sentence(Spoken("zh"), told) == (
        "【失联】上寨果园 已 7 分钟无数据，最后 02:12 气温 1.2℃（湿球 0.1℃），持续下降"
    )


def test_a_dead_bus_is_one_sentence() -> None:
    """Lightning's trace: a bus of which nothing answers is named once, with what to look at."""
    said = Alert("a", "sensors", "raised", 2, 3, 2.0, 3.0, 7, quantity="sensors_lost", sensors=["dust", "rain", "vane"])
    told = facts_of(msgspec.structs.replace(said, buses={"/dev/ttyUSB0": ["rain", "vane"]}), "上寨", NOW, NOW, 8.0)
    assert sentence(Spoken("en"), told) == (
        "[Sensor silent] 上寨 02:00, everything on /dev/ttyUSB0 is silent (rain, vane): look at its fuse, its surge "
        "protector and its power, no value from dust"
    )
    assert "防雷器" in sentence(Spoken("zh"), told)
    assert "no value from dust, rain, vane" in sentence(Spoken("en"), facts_of(said, "上寨", NOW, NOW, 8.0))


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "，各传感器都已恢复数据"), (2.0, "，没有数据的传感器：2 个"), (None, "")],
    ids=["all are back", "their names are not known", "nothing is known"],
)
def test_silent_sensors_without_names_are_no_sensor_called_by_their_number(value: float | None, told: str) -> None:
    """Before an alert is over none may be silent any more; a station of an older version names none."""
    said = Alert("a", "sensors", "eased", 1, 3, 1.0, value, 7, quantity="sensors_lost")
    assert sentence(Spoken("zh"), facts_of(said, "上寨", NOW, NOW, 8.0)) == f"【传感器无数据】上寨 02:00{told}"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_message_begins_with_the_one_word_and_speaks_of_what_was(lang: Any) -> None:
    """Each kind and turn, whatever is known of it: one line, the word first, whole without a link, no forecast."""
    reason = Reason("robot_too_fast", "the service accepts no more messages for now")
    for what, turn in product(get_args(What), TURNS):
        for value, late in ((-2.3, False), (None, True)):
            told = facts(what=what, turn=turn, value=value, late=late, count=8, minutes=7, reason=reason)
            (line,) = begun([sentence(Spoken(lang), told)])
            assert line.startswith(WORD) and "\n" not in line and "{" not in line, line
            assert not FORECAST.search(line), line
            assert what in ("all_silent", "channel", "clock", "log", "photos") or "上寨果园" in line
            if lang == "zh":
                assert not re.search(r"[a-z]{4}", line.replace(WORD, "")), line


def test_another_day_stands_before_the_time() -> None:
    """What happened yesterday is not taken for today."""
    assert "03-24 23:00" in sentence(Spoken("zh"), facts(at_us=NOW - 10_800_000_000))


@given(
    st.sampled_from(get_args(What)),
    st.floats(-60, 2000) | st.none(),
    st.text(max_size=40),
    st.sampled_from(["degC", "m/s", "mm", "V", "ug/m3", "", "1"]),
)
def test_the_words_of_an_sms_are_what_operators_admit(what: What, value: float | None, name: str, unit: str) -> None:
    """Chinese characters and digits, at most twenty, no point, no minus, no link."""
    for turn in ("raised", "cleared"):
        short = short_of(facts(what=what, value=value, station=name, unit=unit, turn=turn), "orchard-1")
        assert all(SMS.match(word) for word in (short.what, short.value, short.time) if word), short
        assert 1 <= len(short.name) <= 8


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("岷江合作社苹果园东站", "岷江合作果园东站"),
        ("岷江合作社苹果园西站", "岷江合作果园西站"),
        ("maoxian-12", "maoxan12"),
        ("㙍头果园０２", "㙍头果园02"),
        ("རྡོ་རྗེ", "orchard1"),
        ("مەۋلان باغ", "orchard1"),
    ],
)
def test_an_sms_tells_which_station_it_is_of(name: str, said: str) -> None:
    """Of two long names that begin alike too, and of a name in letters that no template admits."""
    assert short_of(facts(station=name), "orchard-1").name == said


@pytest.mark.parametrize(
    "names",
    [
        ("茂县凤仪镇1号苹果园", "茂县凤仪镇2号苹果园", "茂县凤仪镇1号樱桃园", "茂县"),
        ("maoxian-1-orchard", "maoxian-2-orchard", "maoxian-12-orchard", "maoxian-21-orchard"),
        ("岷江合作社东坡苹果园", "岷江合作社西坡苹果园", "岷江合作社苹果园", "岷江合作苹果园"),
    ],
)
def test_an_sms_tells_stations_apart_that_differ_in_the_middle_of_a_long_name(names: tuple[str, ...]) -> None:
    """Whichever other stations the hub has."""
    said = [short_of(facts(station=name), "orchard-1", names).name for name in names]
    assert len(set(said)) == len(names) and max(map(len, said)) <= 8, said


def test_a_number_is_spoken_as_people_say_it() -> None:
    """Below zero, with its point in words."""
    assert [value_of(one, "degC") for one in (-2.3, 0.0, -0.02, 17.25, None)] == [
        *("零下2点3度", "0度", "0度", "17点2度"),
        "",
    ]
    assert value_of(-3.0, "V") == "负3伏"
