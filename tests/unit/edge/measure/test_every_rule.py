"""Every reason that quality control can give: a made day on which it must speak, one like it on which it must not.

And recorded days of a real station, on which no rule may doubt what was right. A new rule without a line here fails.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import edge.measure
from drivers.reason import Reason
from edge.records.bodies import Minute
from tests.bench.judging import judged, midnight, recorded
from tests.kits.rule_days import RULES

IN_A_FRAME = {"gust_under_mean", "smaller_over_larger"}  # of one frame and of a minute (drivers/contradictions.py)
WRAPPERS = {"all_readings", "share_of_readings"}  # say how many readings had a reason
# What a recorded day may be told to have: readings that did not come, and rain of a time that nobody read.
MAY_BE_MISSING = {"scarce", "no_readings", "end_unread", "fell_before"}


def reasons_given() -> set[str]:
    """Return the codes of all reasons that the source of the checks makes."""
    found = set()
    for file in Path(edge.measure.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
                assert isinstance(node.args[0], ast.Constant), f"{file}: a code is written out"
                found.add(str(node.args[0].value))
    return found | IN_A_FRAME


def spoken(reason: Reason) -> str:
    """Return a reason's code, or that of the one it wraps."""
    inner = reason.params.get("reason") if reason.code in WRAPPERS else None
    return str(inner.code if isinstance(inner, Reason) else reason.code)


def channels(minutes: list[Minute], code: str) -> set[str]:
    """Return the channels of which the reason is given; none of them may be called good."""
    found = set()
    for minute in minutes:
        for name, reason in minute.reasons.items():
            if spoken(reason) == code:
                assert minute.quality[name] != 1
                found.add(name)
    return found


def test_no_rule_is_without_its_days() -> None:
    """Each reason that quality control can give has a day on which it must speak and one on which it must not."""
    assert reasons_given() == set(RULES) | WRAPPERS


@pytest.mark.parametrize("code", RULES)
def test_a_rule_speaks_where_it_must_and_only_there(code: str) -> None:
    """On the made day it doubts these channels and no other; on the one much like it, none."""
    bad, of, good = RULES[code]
    assert channels(bad(), code) == of
    assert channels(good(), code) == set()


DAYS = ("2021-05-04", "2020-12-27", "2019-08-04", "2021-06-01", "2022-07-24")


@pytest.mark.parametrize("name", [n if n == DAYS[0] else pytest.param(n, marks=pytest.mark.slow) for n in DAYS])
def test_recorded_days_raise_no_doubt(name: str) -> None:
    """Gusts, storms, haze of 820 ug, 42 degC and a winter day of a real station: no rule doubts what was right."""
    told_of = {
        spoken(reason) for minute in judged(recorded(name), utc=midnight(name)).reasons for reason in minute.values()
    }
    assert told_of <= MAY_BE_MISSING
