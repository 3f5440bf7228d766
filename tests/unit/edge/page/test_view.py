"""What a page says of a station: never more than is known, and each doubt in words."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.reason import Reason
from edge.language import texts
from edge.page import view
from edge.page.assets import Assets
from edge.page.curve_pages import spoken
from edge.page.headline import headline, slope
from edge.page.look import Look
from edge.page.spark import HEIGHT, WIDTH, Kind, spark
from edge.page.station_view import Beside, station_view
from edge.page.still import still
from edge.page.templates import Templates
from edge.records.answers import Now, Point, Series, Value

PAGE, PARTS = map(Templates(Assets()).environment.get_template, ("station.html", "_station.html"))
MINUTE, DAY = 60_000_000, 86_400_000_000
END = 1_775_239_200_000_000  # 2026-04-04 02:00 at the site


def minutes(*values: float | None, quality: int = 1) -> list[Point]:
    """Return minutes that end at END, the last value in the last one."""
    first = END - len(values) * MINUTE
    return [
        Point(first + n * MINUTE, first + (n + 1) * MINUTE, value, 9 if value is None else quality)
        for n, value in enumerate(values)
    ]


def now(**values: Value) -> Now:
    """Return a newest minute of these values."""
    return Now("s", END - MINUTE, END, None, "ntp", 0.1, dict(values))


def said(found: Now, derived: dict[str, float], points: list[Point], lang: str = "zh") -> str:
    """Return the sentence on top as plain text."""
    with texts.speaking(lang):
        top = headline(found, derived, points)
        assert top is not None
        then = "" if top.then is None else top.then.striptags()
        return " ".join(f"{top.value.striptags()} {top.word} {top.why} {then}".split())


def test_a_box_that_does_not_know_the_time_shows_what_it_measures() -> None:
    """A technician who sets it up sees its values, and that nobody knows how old they are; with no minute, nothing."""
    undated = Now("s", None, None, None, "arrival", None, {"air_temperature": Value(5.2, 1, "degC")})
    nothing = Now("s", None, None, None, "arrival", None, {})
    shown = {"offset_s": 28_800, "now_us": None, "title": "s", "position": "", "path": "/", "curves_url": "/curves"}
    with texts.speaking("zh"):
        seen = (station_view(found, None, 28_800, {}, {}, Beside()) for found in (undated, nothing))
        look = Look("zh", "auto", {})
        page, empty = (PAGE.render(seen=one, look=look, here=lambda **_asked: "?", **shown) for one in seen)
    assert "5.2" in page and "本机还不知道时间" in page and "还没有测到数据" not in page
    assert 'data-age="fresh"' not in page
    assert "还没有测到数据" in empty and "本机还不知道时间" not in empty


ODD = st.sampled_from([None, math.nan, math.inf, -math.inf, 0.0, 1e308, -0.0, 3.7])
CODES = st.sampled_from([0, 1, 2, 3, 4, 5, 7, 9, 77, -1])
WHYS = st.sampled_from([None, "", "a word", 5, [], {}, {"code": "x"}, {"code": "c", "text": "{broken"}, [["no"]]])
NAMES = st.sampled_from(
    ["air_temperature", "air_temperature.mast", "wind_from_direction", "rainfall_amount", "battery_voltage", "of_later"]
)
VALUES = st.builds(Value, ODD, CODES, st.sampled_from(["degC", "mm", "", "furlong"]), WHYS)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=6), ODD, CODES, st.sampled_from(["zh", "en"]))
def test_no_value_takes_the_rest_of_the_page_with_it(
    values: dict[str, Value], before: float | None, code: int, lang: str
) -> None:
    """Whatever a channel says (nothing, no number, a flag of later), each has its card, and today's figures stay."""
    curves = {name: [*minutes(4.0, 6.0), Point(END, END + MINUTE, before, code)] for name in values}
    with texts.speaking(lang):
        seen = station_view(now(**values), END + MINUTE, 28_800, curves, {}, Beside())
        page = {"offset_s": 28_800, "now_us": END, "title": "s", "position": "", "path": "/", "curves_url": "/curves"}
        html = PAGE.render(seen=seen, look=Look(lang, "auto", {}), here=lambda **_asked: "?", **page)
    for name, value in values.items():
        found = re.search(
            rf'data-channel="{re.escape(name)}" data-quality="{value.quality}">(.*?)</(li|div)>', html, re.DOTALL
        )
        assert found is not None
        assert value.quality == 1 or texts.flag_word(value.quality) in found.group(1) or lang == "zh"
    assert not re.search(r"\b(nan|inf)\b", html)
    assert len(seen.today) == 2 * ("air_temperature" in values) + ("rainfall_amount" in values)


def test_the_sentence_on_top_says_what_it_is_and_where_it_goes() -> None:
    """Temperature, wet bulb, and how fast it falls, as a grower would say it."""
    falling = minutes(*(2.4 - 1.2 * n / 60 for n in range(31)))
    cold = now(air_temperature=Value(1.8, 1, "degC"))
    chinese = said(cold, {"wet_bulb_temperature": 0.4}, falling)
    assert chinese == "1.8 ℃（湿球 0.4） 近 30 分钟每小时降 1.2 ℃"
    english = said(cold, {"wet_bulb_temperature": 0.4}, falling, "en")
    assert "1.8 °C (wet bulb 0.4)" in english and "falling 1.2 °C an hour" in english


def test_a_doubtful_temperature_bears_its_word_and_no_wet_bulb() -> None:
    """A suspect value is shown with its word and why; what would follow from it is not."""
    why = Reason("no_answer", "no answer").builtins()
    shown = said(now(air_temperature=Value(1.8, 3, "degC", why)), {"wet_bulb_temperature": 0.4}, [])
    assert "可疑" in shown and "湿球" not in shown


def test_a_missing_value_is_never_an_old_one() -> None:
    """Where the minute has none, or the flag says so, no number is shown, whatever came beside it."""
    for gone in (Value(None, 9, "degC"), Value(7.7, 9, "degC"), Value(None, 1, "degC")):
        assert "7.7" not in said(now(air_temperature=gone), {}, [])
        card = view.card("air_temperature", gone, [], END)
        assert "–" in card.value.striptags()
        assert gone.quality == 1 or card.word == texts.flag_word(9)


@pytest.mark.parametrize("holes", [12, 31])
def test_too_few_minutes_make_no_trend(holes: int) -> None:
    """Where a third of the last half hour is missing or doubted nothing is said of where it goes."""
    values = [None if n < holes else 2.0 for n in range(31)]
    assert slope(minutes(*values), END) is None
    assert slope(minutes(*[2.0] * 31, quality=3), END) is None


@given(st.lists(st.none() | st.floats(-60, 60), min_size=1, max_size=2000), st.sampled_from([1, 3, 4]))
def test_a_small_curve_stays_in_its_frame_and_has_no_ink_in_a_gap(values: list[float | None], quality: int) -> None:
    """Each point lies in the drawing; a column without a value has none, and a doubted one is of the other colour."""
    points = minutes(*values, quality=quality)
    curve = spark(points, END - DAY, END)
    known = [p for p in points if p.value is not None and p.start_us >= END - DAY]
    if not known:
        assert curve is None
        return
    assert curve is not None
    drawn, empty = (curve.good, curve.doubtful) if quality == 1 else (curve.doubtful, curve.good)
    assert empty == ""
    places = [piece.strip("h0").split() for piece in drawn.replace("L", "M").split("M") if piece]
    wide = DAY // WIDTH
    assert {int(float(x)) for x, _y in places} == {min(WIDTH - 1, (p.start_us - END + DAY) // wide) for p in known}
    assert all(0 <= float(y) <= HEIGHT for _x, y in places)


def test_a_wind_that_goes_round_by_north_is_not_drawn_as_one_from_the_south() -> None:
    """Between 350 and 10 degrees no line crosses the drawing, and their mean is north; calm has no direction."""
    wind = [360.0 if n % 3 == 0 else 350.0 if n % 3 == 1 else 10.0 for n in range(240)]
    drawn = still(minutes(*wind, *[0.0] * 60), END - 300 * MINUTE, END, 28_800, "direction")
    assert drawn is not None
    assert "L" not in drawn.curve.good
    heights = [float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)", drawn.curve.good)]
    assert heights and all(min(y, HEIGHT - y) < 4 for y in heights)
    assert [text for _place, text in drawn.values] == ["0", "90", "180", "270", "360"]
    with texts.speaking("en"):
        card = view.card("wind_from_direction", Value(10.0, 1, "degree"), minutes(*wind), END)
    assert card.spoken == "Last 24 h: mostly from N"


@given(st.floats(-60, 2000), st.floats(0.01, 2000))
def test_ticks_are_told_as_they_are(low: float, span: float) -> None:
    """Beside each line of a curve stands the value at which it is drawn, not one that is near it."""
    drawn = still(minutes(low, low + span), END - 2 * MINUTE, END, 28_800)
    assert drawn is not None
    for place, text in drawn.values:
        value = drawn.high - (place / 100 * HEIGHT - 2) / (HEIGHT - 4) * (drawn.high - drawn.low)
        assert abs(float(text) - value) < 0.001 + 1e-6 * abs(value)


def test_todays_figures_are_of_good_values_since_midnight() -> None:
    """Lowest, highest and rain count from midnight by the station's clock, and no doubted value is among them."""
    early = Point(END - 3 * 3_600_000_000, END, -9.0, 1)  # before midnight
    doubted = Point(END - 30 * MINUTE, END - 29 * MINUTE, -5.0, 3)
    curve = [early, doubted, *minutes(1.0, -0.5, 2.0)]
    with texts.speaking("zh"):
        found = {one.label: one for one in view.today({"air_temperature": curve}, END, 28_800)}
    assert found["今日最低"].value.striptags().startswith("-0.5")
    assert found["今日最低"].at_us == END - 2 * MINUTE
    assert found["今日最高"].value.striptags().startswith("2.0")


@pytest.mark.parametrize(("amount", "flag", "told"), [(5.6, 1, "6.6 mm"), (5.6, 3, "≥ 1.0 mm"), (0.0, 3, "1.0 mm")])
def test_rain_in_doubt_is_in_no_sum_and_the_sum_says_so(amount: float, flag: int, told: str) -> None:
    """A cloudburst's best minute is in doubt, and so is the rain of a gap: more fell than the good minutes tell."""
    curve = [*minutes(0.4, 0.6), *minutes(amount, quality=flag)]
    (rain,) = view.today({"rainfall_amount": curve}, END, 28_800)
    assert " ".join(rain.value.striptags().split()) == told
    hours = [Point(END - 60 * MINUTE, END, 1.0, 1, good=60 - (flag == 3), suspect=int(flag == 3))]
    said = spoken("rainfall_amount", Series("s", "rainfall_amount", "mm", "hour", hours), True, 0)
    assert said.startswith("≥ ") == (flag == 3)


@pytest.mark.parametrize(
    ("lang", "gust"),
    [("zh", "0.0 m/s 00:00，仅据 1 分钟合格数据"), ("en", "0.0 m/s 00:00, from 1 good minute")],
)
def test_a_figure_of_few_minutes_says_on_how_many_it_rests(lang: str, gust: str) -> None:
    """One good minute before the cups were doubted is no calm day; what most minutes say has no such word."""
    doubted = [minutes(*[0.0] * 120)[0], *minutes(*[0.0] * 119, quality=3)]
    curves = {"wind_speed_of_gust": doubted, "rainfall_amount": minutes(*[0.0] * 100)}
    with texts.speaking(lang):
        seen = station_view(now(), END, 28_800, curves, {}, Beside())
        html = PARTS.make_module({"offset_s": 28_800}).today(seen, 28_800)  # type: ignore[attr-defined]  # a macro
    told = [" ".join(one.split()) for one in re.findall(r"<dd>(.*?)</dd>", re.sub(r"<(?!/?dd)[^>]*>", "", html))]
    assert told == [gust, "0.0 mm"]


@pytest.mark.parametrize("value", [-3.2, 838.2, 21.73, 0.5])
def test_a_flat_curve_is_a_line_in_the_middle_with_its_value_beside_it(value: float) -> None:
    """Four hours of one value are drawn right across, between two values that the axis names."""
    points = minutes(*[value] * 240)
    drawn = still(points, END - 240 * MINUTE, END, 28_800)
    assert drawn is not None and drawn.curve.good.count("M") == 1
    assert {float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", drawn.curve.good)} == {HEIGHT / 2}
    told = [float(text) for _place, text in drawn.values]
    assert len(told) >= 2 and value - 0.5 <= min(told) <= value + 0.25 and value - 0.25 <= max(told) <= value + 0.5


@pytest.mark.parametrize("value", [0.0, 1e-4, 0.3])
def test_a_flat_curve_has_no_axis_below_zero_where_nothing_was(value: float) -> None:
    """A night's light of 0 lx is drawn along the foot, beside a zero, and beside no negative number."""
    drawn = still(minutes(*[value] * 240), END - 240 * MINUTE, END, 28_800)
    assert drawn is not None
    assert min(float(text) for _place, text in drawn.values) >= 0


@pytest.mark.parametrize("kind", ["line", "bars", "direction"])
@pytest.mark.parametrize(
    "values", [[-0.04] * 3, [-1e308, 1e308], [5e-324, -5e-324], [0.0, -0.0], [1e300, 1.0], [-7.4, -0.2, -3.0]], ids=str
)
def test_whatever_a_station_sends_is_drawn_and_keeps_nobody_waiting(values: list[float], kind: Kind) -> None:
    """Rain below zero, and numbers that are too large or too small to be told apart: a drawing comes, at once."""
    points = [Point(END + n * 3600 * 10**6, END + n * 3600 * 10**6, value, 1) for n, value in enumerate(values)]
    drawn = still(points, END, END + view.DAY_US, 28_800, kind)
    assert drawn is None or len(drawn.values) <= 5


@given(st.floats(0, 1e7))
def test_an_age_is_told_in_one_unit(seconds: float) -> None:
    """From seconds to days; one that nobody knows is said to be unknown, and never counts as fresh."""
    told = view.age(END, END + int(seconds * 1e6))
    assert told.split()[0].isdecimal() and math.isfinite(float(told.split()[0]))
    assert view.freshness(END, END + int(seconds * 1e6)) == (
        "fresh" if seconds < view.OLD_S else "old" if seconds < view.GONE_S else "gone"
    )
    assert view.freshness(None, END) == view.freshness(END, None) == "old"


@pytest.mark.parametrize("minutes", [4, 60, 525_600])
def test_a_minute_of_the_future_is_not_fresh(minutes: int) -> None:
    """One of two clocks is wrong, and it is said; a clock that is a little behind changes nothing."""
    ahead_us = minutes * view.MINUTE_US
    assert view.age(END + ahead_us, END) == f"dated {minutes} min ahead of the clock here"
    assert view.freshness(END + ahead_us, END) == "old"
    assert (view.age(END + view.MINUTE_US, END), view.freshness(END + view.MINUTE_US, END)) == ("0 s ago", "fresh")


def test_doubtful_values_are_not_said_to_be_unmeasured() -> None:
    """A curve that has no good value says so; one that has none at all, that nothing was measured."""
    doubtful, missing = (Point(END, END + view.MINUTE_US, value, quality) for value, quality in ((2.5, 3), (None, 9)))
    said = [
        spoken("air_temperature", Series("s", "air_temperature", "degC", "minute", points), False, 0)
        for points in ([doubtful], [missing], [])
    ]
    assert said == ["no good value", "Nothing was measured in this time.", "Nothing was measured in this time."]


def test_zero_has_no_sign() -> None:
    """A little under zero, rounded, is 0.0 and not -0.0."""
    assert [texts.value(number, 1) for number in (-0.04, 0.0, -0.0, -0.06)] == ["0.0", "0.0", "0.0", "-0.1"]
