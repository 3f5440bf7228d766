"""A Chinese terminal of double bytes (GBK) draws ° and “ in two columns: nothing there is wider than the window.

In such an encoding a sign takes as many columns as it has bytes, which is what these tests count.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.kits.command import ENGLISH

START = """
from provisioning.main import main
try:
    main(["--lang", "zh", "--version"])
except SystemExit:
    pass
"""
FOLDED = """
from provisioning.folding import fold
print(fold("√ 时钟：2026-04-05 14:15，±0.07 秒，“中心”答复 12.0 °C、3.5 °C、4.0 °C·h、5.1 °C" * 3, 40))
"""
TABLE = """
from rich.console import Console
from edge.measure.derived.hourly import FIGURES
from edge.snapshots import MinuteStatus
from provisioning.demo.table import live_table
from tests.kits.statuses import status
import msgspec
names = ("air_temperature", "relative_humidity", "wind_from_direction", "pm1")
values = dict.fromkeys(names, 1.5) | {"pm1": None}
flags = dict.fromkeys(names, 1) | {"pm1": 9}
minute = MinuteStatus(start=None, duration=60.0, values=values, quality=flags, reasons={})
facts = msgspec.structs.replace(
    status(), minute=minute, derived=dict.fromkeys(list(FIGURES)[:6], 2.5)
)
console = Console(width=WIDTH, height=60, force_terminal=False)
console.print(live_table(facts, "×60", console, 60))
"""
CURVE = """
from provisioning.commands.show_lines import lines
from tests.unit.provisioning.test_show import points, shown
print("\\n".join(lines(shown(points([4.0 + n / 100 for n in range(1400)])), WIDTH)))
"""


def printed(program: str, encoding: str = "gbk") -> list[bytes]:
    """Return the lines that a program writes to an output of that encoding, in Chinese."""
    env = {**os.environ, **ENGLISH, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", START + program], env=env, capture_output=True, timeout=60, check=True)
    return done.stdout.splitlines()[1:]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_no_line_is_wider_than_the_window(encoding: str) -> None:
    """A tick, a degree and quotation marks take two columns each."""
    lines = printed(FOLDED, encoding)
    assert "√" in lines[0].decode(encoding)
    assert len(lines) > 3 and max(map(len, lines)) <= 40


@pytest.mark.parametrize("width", [40, 80])
def test_the_live_tables_columns_are_in_line(width: int) -> None:
    """A line that is wider than the window would leave a piece of itself behind at each new picture."""
    lines = printed(TABLE.replace("WIDTH", str(width)))
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if b"|" in line]
    assert len(rows) >= 5
    assert len({tuple(place for place, sign in enumerate(row) if sign == ord("|")) for row in rows}) == 1, rows


@pytest.mark.parametrize("width", [40, 80])
def test_a_curve_ends_with_the_window(width: int) -> None:
    """The line beside its scale takes two columns too."""
    lines = printed(CURVE.replace("WIDTH", str(width)))
    curve = [line.decode("gbk") for line in lines if "│" in line.decode("gbk")]
    assert len(curve) == 8
    assert max(map(len, lines)) <= width
