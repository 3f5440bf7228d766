"""docs/measuring.md tells the limits that are used: whoever reads there why a value is in doubt finds its number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.measure.limits import Limits, limits_for
from edge.measure.pairs import BOUNDS, SAME_HEIGHT, TEN_MINUTES

PAGES = [Path(__file__).parents[4] / "docs" / f"measuring{language}.md" for language in ("", ".zh-CN")]
# The rows of "Each reading" in both pages, by their order.
ROWS = (
    *("air_temperature", "relative_humidity", "air_pressure", "wind_speed", "illuminance", "solar_irradiance", "pm2p5"),
    *("soil_temperature", "soil_moisture", "leaf_temperature", "co2", "noise"),
)
RANGE = re.compile(r"(−?[\d ]+)\.\.(−?[\d ]+)")


def table(page: Path, title: str) -> list[list[str]]:
    """Return the cells of the table under the heading that stands at that place in the page."""
    text = page.read_text(encoding="utf-8")
    lines = text[text.index(title) :].splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("|---"))
    found: list[list[str]] = []
    for line in lines[first + 1 :]:
        if not line.startswith("|"):
            return found
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def pair(cell: str) -> tuple[float, float] | None:
    """Return the range in a cell; None where it has none."""
    found = RANGE.search(cell)
    return None if found is None else (number(found[1]), number(found[2]))


def number(text: str) -> float:
    """Return a number as the pages write it."""
    return float(text.replace("−", "-").replace(" ", ""))


def first(cell: str) -> float | None:
    """Return the number that begins a cell; None where it has none."""
    found = re.match(r"[\d.]+", cell)
    return None if found is None else float(found[0])


@pytest.mark.parametrize(("page", "title"), [*zip(PAGES, ("### Each reading", "### 逐个读数"))], ids=["en", "zh"])
def test_each_limit_of_a_reading_is_the_one_that_is_told(page: Path, title: str) -> None:
    """Ranges, steps and spikes at sea level, in both languages."""
    told = table(page, title)
    assert len(told) == len(ROWS)
    for of, (_, fails, suspect, step, spike) in zip(ROWS, told):
        used: Limits = limits_for(of, 0.0)
        assert pair(fails) == used.fail, of
        assert of == "air_pressure" or pair(suspect) == used.suspect, of
        assert (first(step), first(spike)) == (used.step, used.spike), of


@pytest.mark.parametrize(
    ("page", "leaps", "two", "heights"),
    [
        (PAGES[0], "| jump of the mean |", "| two sensors |", "| two heights |"),
        (PAGES[1], "| 平均值跳变 |", "| 两个传感器 |", "| 两个高度 |"),
    ],
    ids=["en", "zh"],
)
def test_what_means_and_two_sensors_may_differ_by_is_told(page: Path, leaps: str, two: str, heights: str) -> None:
    """The numbers of three rows, in the order in which both languages have them."""
    rows = page.read_text(encoding="utf-8").splitlines()
    told = {
        name: [
            float(found)
            for found in re.findall(r"(?<![\d.])\d+(?:\.\d+)?(?= (?:consecutive|K|%|hPa|m/s|klx|µg|min|m\b))", row)
        ]
        for name in (leaps, two, heights)
        for row in rows
        if row.startswith(name)
    }
    steps = {of: limits_for(of, 0.0).minute_step for of in ("air_temperature", "relative_humidity", "air_pressure")}
    wind, soil = (limits_for(of, 0.0).minute_step for of in ("wind_speed", "soil_temperature"))
    humidity_a_kelvin = 6.0
    used = {*steps.values(), humidity_a_kelvin, wind, soil}
    assert (len(told[leaps]), {*told[leaps]}) == (6, used)
    bounds = [BOUNDS[of] for of in ("air_temperature", "relative_humidity", "air_pressure", "wind_speed")]
    light, particles = BOUNDS["illuminance"], BOUNDS["pm2p5"]
    shares = [100 * light.share, particles.least, 100 * particles.share]
    assert told[two] == [TEN_MINUTES / 60, *(bound.least for bound in bounds), light.least / 1000, *shares]
    assert told[heights] == [SAME_HEIGHT]
    assert bounds[-1].share == 0.5
    assert BOUNDS["pm1"] == BOUNDS["pm10"] == particles
