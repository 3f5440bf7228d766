"""Last night in words and as a picture: what is said is what a second count of the minutes says."""

from __future__ import annotations

import io
import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from edge.language import texts
from edge.page import night, night_picture
from edge.records.answers import Point

MINUTE, OFFSET = 60_000_000, 28_800
SEVEN = 1_775_343_600_000_000  # 2026-04-05 07:00 at the site


def curve(values: list[float | None], first: int, quality: int = 1) -> list[Point]:
    """Return minutes from an instant on."""
    return [
        Point(first + n * MINUTE, first + (n + 1) * MINUTE, value, 9 if value is None else quality)
        for n, value in enumerate(values)
    ]


def test_a_night_runs_from_evening_to_morning() -> None:
    """At seven it is the night that has just ended, and still so in the afternoon, up to eight o'clock."""
    first, last = night.span_of(SEVEN, OFFSET)
    assert (SEVEN - first, last) == (13 * 3_600_000_000, SEVEN)
    assert night.span_of(SEVEN + 9 * 3_600_000_000, OFFSET) == (first, SEVEN + 3_600_000_000)


@given(st.lists(st.none() | st.floats(-6, 6).map(lambda value: round(value, 2)), min_size=1, max_size=300))
def test_the_minutes_of_frost_are_counted_as_they_were(values: list[float | None]) -> None:
    """Minimum, minutes under each limit and under what the crop bears: as another count of the same minutes has it."""
    span = (SEVEN - len(values) * MINUTE, SEVEN)
    with texts.speaking("en"):
        lines = night.night_lines(span, OFFSET, {"air_temperature": curve(values, span[0])}, ("apple", "full-bloom"))
    told = "\n".join(lines)
    known = [value for value in values if value is not None]
    if not known:
        assert "No good temperature" in told
        return
    for limit in (0.0, -1.0, -2.0):
        assert f": {len([v for v in known if v < limit])} min" in told
    assert f"full bloom: {len([v for v in known if v <= -2.2])} min at or below" in told
    if missing := values.count(None):
        minutes = "1 minute has" if missing == 1 else f"{missing} minutes have"
        assert f"{minutes} no good temperature" in told


def test_what_rests_on_few_minutes_says_so() -> None:
    """Wind and wet bulb of a night in which the sensors were there for an hour tell on how many minutes they rest."""
    span = (SEVEN - 600 * MINUTE, SEVEN)
    curves = {name: curve([1.0] * 600, span[0]) for name in ("air_temperature",)}
    curves |= {"relative_humidity": curve([80.0] * 60, span[0]), "air_pressure": curve([830.0] * 600, span[0])}
    curves["wind_speed"] = [*curve([0.4], span[0]), *curve([0.0] * 599, span[0] + MINUTE, quality=3)]
    with texts.speaking("en"):
        told = night.night_lines(span, OFFSET, curves, None)
    assert any(line.startswith("Lowest wet bulb") and line.endswith(", from 60 good minutes") for line in told)
    assert any(line.startswith("Wind") and line.endswith(", from 1 good minute") for line in told)


def test_a_doubted_minute_is_no_frost() -> None:
    """A thermometer that nobody believes neither makes a minimum nor counts."""
    span = (SEVEN - 10 * MINUTE, SEVEN)
    minutes = [*curve([1.0] * 9, span[0]), *curve([-8.0], SEVEN - MINUTE, quality=3)]
    with texts.speaking("zh"):
        lines = night.night_lines(span, OFFSET, {"air_temperature": minutes}, None)
    assert not any("-8" in line for line in lines)
    assert any("没有人报过物候期" in line for line in lines)


def test_the_picture_is_one_to_forward_and_writes_chinese() -> None:
    """750 px wide, the curve in it; 岷 is its own sign and no empty box, and where a minute is missing is no ink."""
    span = (SEVEN - 600 * MINUTE, SEVEN)
    values = [None if 200 <= n < 400 else 2.0 - n / 200 for n in range(600)]
    made = night_picture.picture("岷山果园", ["一夜", "最低 -1.0 ℃"], curve(values, span[0]), span, OFFSET)
    image = Image.open(io.BytesIO(made))
    assert (image.format, image.width) == ("PNG", 750)
    font = night_picture.font_of(40)
    signs = []
    for sign in ("岷", "\U0010fffe"):
        paper = Image.new("1", (60, 60))
        ImageDraw.Draw(paper).text((0, 0), sign, font=font, fill=1)
        signs.append(paper.tobytes())
    assert signs[0] != signs[1]
    line = tuple(int(night_picture.LINE[at : at + 2], 16) for at in (1, 3, 5))
    left = night_picture.MARGIN + night_picture.GUTTER
    wide = 750 - night_picture.MARGIN - left
    inked = {x for x in range(750) for y in range(image.height) if image.getpixel((x, y)) == line}
    middle = range(left + wide * 210 // 600, left + wide * 390 // 600)
    assert inked and not inked & set(middle)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_said_of_a_night_is_folded_between_its_words(lang: str) -> None:
    """No line of the picture begins with a bracket or a unit, in the night that has most to say."""
    span = (SEVEN - 600 * MINUTE, SEVEN)
    curves = {
        "air_temperature": curve([None] * 200 + [-12.3] * 400, span[0]),
        "air_pressure": curve([830.0] * 600, span[0]),
    }
    curves |= {"relative_humidity": curve([80.0] * 300, span[0]), "wind_speed": curve([11.4] * 300, span[0])}
    with texts.speaking(lang):
        said = night.night_lines(span, OFFSET, curves, ("apple", "full-bloom"))
    for size, text in [(night_picture.FIRST, said[1]), *((night_picture.TEXT, line) for line in said[2:])]:
        lines = night_picture.fold(text, size)
        assert not any(line.startswith(("(", "（", "℃", "°C", "m/s", "分钟")) for line in lines[1:]), lines


@given(st.text(st.sampled_from("盛花期湿球（，。）“” 0123456789.-℃%\u202fabc"), max_size=120))
def test_no_line_of_the_picture_begins_or_ends_as_none_may(text: str) -> None:
    """Nothing is lost, all stays on the picture, no line begins with a closing sign, and a value keeps its unit."""
    lines = night_picture.fold(text, 26)
    assert "".join(lines).replace(" ", "") == night_picture.shown(text).replace(" ", "")
    font = night_picture.font_of(26)
    assert all(font.getlength(line) <= 750 - 2 * night_picture.MARGIN for line in lines)
    if max((len(one) for one in re.findall("[^盛花期湿球]+", text)), default=0) < 20:
        assert not any(line.startswith(("）", "，", "。", "”", "℃", "%")) for line in lines[1:])
        assert not any(line.endswith(("（", "“")) for line in lines[:-1])


@pytest.mark.parametrize("minutes", [61, 119, 298, 458, 840])
def test_the_times_below_the_curve_stand_apart(minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night that has just begun has the same room for its times as a whole one."""
    written: list[tuple[float, float]] = []
    draw = ImageDraw.ImageDraw.text

    def noting(self: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, **more: Any) -> None:
        if more.get("anchor") == "mt":
            half = more["font"].getlength(text) / 2
            written.append((xy[0] - half, xy[0] + half))
        draw(self, xy, text, **more)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", noting)
    first = SEVEN - 13 * 60 * MINUTE  # the night begins at 18:00
    night_picture.picture("", ["", ""], curve([1.0] * minutes, first), (first, first + minutes * MINUTE), OFFSET)
    assert len(written) > 1
    assert all(before[1] < after[0] for before, after in itertools.pairwise(written))
