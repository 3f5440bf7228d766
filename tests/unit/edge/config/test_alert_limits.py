"""A rule that could never be raised, is always raised or never ends stops the start, with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config.file import load
from tests.unit.edge.config.test_config import BME, STATION, mistakes

SENSORS = STATION + BME
for number, kind in enumerate(("wind", "rain"), 5):
    SENSORS += f'[[sensor]]\nname = "{kind}"\ndriver = "pulses"\nline = {number}\nkind = "{kind}"\n'
RULE = SENSORS + '[[alert]]\nname = "a"\n'
AIR, WIND = 'channel = "air_temperature"\n', 'channel = "wind_speed"\n'
HORN = '[horn]\nline = 9\nrules = ["a"]'


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (AIR + "above = [200]", "above = [200]: 200 degC is never reached: it lies between -40 and 60 degC"),
        (AIR + "above = [30, 90]", "above = [30, 90]: 90 degC is never reached"),
        (AIR + "falls = [300.0]", "falls = [300.0]: 300 degC is never reached"),
        (AIR + "falls = [-2.0]", "falls = [-2.0]: falls says how much it falls in an hour: it must be above 0"),
        (AIR + "above = [30]\nclear_by = 150", "clear_by = 150: no alert would end: 30 better by 150 degC lies"),
        (AIR + "below = [0.0]\nclear_by = 100", "clear_by = 100: no alert would end"),
        (AIR + "below = [0.0]\nhold_min = 129600", "hold_min = 129600: must be at most 1440"),
        (WIND + "above = [-3.0]", "above = [-3.0]: -3 m/s is always reached: it lies between 0 and 44.4 m/s"),
        (WIND + "below = [-3.0]", "below = [-3.0]: -3 m/s is never reached"),
        ('channel = "wind_speed_of_gust"\nabove = [100.0]', "above = [100.0]: 100 m/s is never reached"),
        ('channel = "relative_humidity"\nbelow = [101]', "below = [101]: 101 % is always reached"),
        ('channel = "dew_point_temperature"\nabove = [99]', "above = [99]: 99 degC is never reached"),
        ('channel = "rainfall_amount"\nabove = [100]', "above = [100]: 100 mm is never reached"),
        ("lost = [9]", "lost = [9]: the file has 3 sensors: 9 of them never fall silent"),
        ("lost = [1]\nclear_by = 3.0", "clear_by = 3.0: no alert would end: write less than 1"),
        ('crop = "apple"\nclear_by = 500.0', "clear_by = 500.0: no alert would end"),
        ('crop = "apple"\nseason = ["02-31", "05-01"]', 'season = "02-31": must be a day of the year such as 04-15'),
    ],
)
def test_a_rule_that_is_of_no_use_is_refused_with_what_its_channel_can_be(tmp_path: Path, rule: str, said: str) -> None:
    """Limits beyond what the sensors of the file can measure, a hysteresis that nothing ends, spans that are none."""
    (told,) = mistakes(tmp_path, RULE + rule + "\n")
    assert f': alert "a".{said}' in told


@pytest.mark.parametrize(
    "rule",
    [
        AIR + "below = [2.0, 0.0, -2.0]\nclear_by = 1.0",
        AIR + "falls = [2.0, 4.0]",
        WIND + "above = [10.8, 17.2]",
        WIND + "below = [0.0]",
        'channel = "relative_humidity"\nabove = [95.0, 100.0]',
        'channel = "vapour_pressure_deficit"\nabove = [2.0]',
        'channel = "rainfall_amount"\nabove = [0.5]',
        "lost = [1, 3, 9]",
        'crop = "apple"\n' + HORN,
        AIR + "below = [0.0]\n" + HORN + "\nfrom_step = 1",
    ],
)
def test_a_rule_that_can_be_raised_and_end_is_taken(tmp_path: Path, rule: str) -> None:
    """Limits at the edge of what is measured too: calm, fog."""
    (tmp_path / "station.toml").write_text(RULE + rule + "\n")
    assert load(tmp_path / "station.toml").alert


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("air_temperature.shelter", 'did you mean "air_temperature"?'),
        ("wind_speed.wind", 'did you mean "wind_speed"?'),
        ("rainfall_amount_corrected", 'did you mean "rainfall_amount"?'),
        ("wind_speed_of_gust.mast", 'gives no gusts: they take a reading each second; watch "wind_speed.mast"'),
    ],
)
def test_a_rule_on_a_channel_that_no_minute_will_have_is_refused(tmp_path: Path, channel: str, said: str) -> None:
    """The primary one has the plain name; a line every 3 s gives no gust. Such a rule was blind for ever."""
    mast = '[[sensor]]\nname = "mast"\ndriver = "ascii-station"\nport = "/dev/ttyAMA0"\n'
    (told,) = mistakes(tmp_path, RULE + f'channel = "{channel}"\nabove = [1.0]\n' + mast)
    assert said in told


def test_a_horn_that_would_never_sound_is_refused(tmp_path: Path) -> None:
    """From the second step on, which none of its rules has."""
    (told,) = mistakes(tmp_path, RULE + AIR + "below = [0.0]\n" + HORN)
    assert 'horn.rules = ["a"]: it would never sound: its rules have 1 limits at most, write from_step = 1' in told
