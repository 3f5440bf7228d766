"""A rain gauge's own calibration."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.driver import Channel
from drivers.reading import Reading
from edge.config.errors import ConfigError
from edge.config.file import load
from edge.measure.correction import RainCurve
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes

FILE = """
[station]
id = "a"
[site]
latitude = 31.68
longitude = 103.85
altitude_m = 1590.0
[state]
dir = "/tmp/none"
[[sensor]]
name = "bucket"
driver = "pulses"
kind = "rain"
line = 5
rain_correction = {correction}
"""


@pytest.mark.parametrize(("amount", "expected"), [(0.0, 0.0), (0.2, 0.2048), (2.0, 2.1936)])
def test_a_curve_lifts_heavy_rain_more_than_light(amount: float, expected: float) -> None:
    """With a = 0.95 and b = 1.03, 12 mm/h become 12.29 and 120 mm/h 131.6 (computed by hand)."""
    assert RainCurve(0.95, 1.03).corrected(amount, 60.0) == pytest.approx(expected, abs=2e-3)


def test_the_uncorrected_amount_stays() -> None:
    """The corrected amount is a channel of its own, beside what the gauge counted, with the same flag."""
    channel = Channel("rainfall_amount", 0, 1e6, 0.2)
    line = ChannelLine("rainfall_amount", "bucket", channel, limits_for("rainfall_amount", 1590), 6)
    line.curve = RainCurve(1.05)
    minutes = Minutes([line])
    for n in range(6):
        minutes.take("bucket", Reading("rainfall_amount", 10.0 + 0.2 * n, 10.0 * n))
    body = minutes.close(0, 60, None, {})
    assert body.values == {"rainfall_amount": 1.0, "rainfall_amount_corrected": 1.05}
    assert body.quality == {"rainfall_amount": 1, "rainfall_amount_corrected": 1}


def test_a_calibration_without_a_date_is_refused(tmp_path: Path) -> None:
    """A correction nobody can date is no calibration: the file says what is missing."""
    path = tmp_path / "station.toml"
    path.write_text(FILE.replace("{correction}", '{ a = 1.02, date = 2026-05-01, source = "bench test" }'))
    section = load(path).sensor[0]
    assert section.rain_correction is not None
    assert section.rain_correction.a == 1.02
    path.write_text(FILE.replace("{correction}", '{ a = 1.02, source = "bench test" }'))
    with pytest.raises(ConfigError, match="date"):
        load(path)
