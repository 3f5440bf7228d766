"""Who is silent, by numbers: alone, all at once, and as they come back one by one."""

from __future__ import annotations

from typing import Any

import pytest

from edge.records.asked import MINUTE_US
from hub.alarms.silence import GONE_US, LastHeard, Silences, silences

NOW = 10 * GONE_US
NOBODY = Silences(frozenset(), False)


def silent(
    *ago: float,
    since: float = 10_000,
    before: str = "",
    all_before: bool = False,
    connected: bool = True,
    cadence: int = 1,
) -> tuple[str, bool]:
    """Return who is silent of a, b, c… that were heard so many minutes ago, and whether all are as one."""
    heard = [
        LastHeard(name, NOW - round(minutes * MINUTE_US), cadence * MINUTE_US)
        for name, minutes in zip("abcdef", ago, strict=False)
    ]
    known = Silences(frozenset(before), all_before)
    found = silences(heard, NOW, NOW - round(since * MINUTE_US), True, known, connected)
    return "".join(sorted(found.stations)), found.everybody


@pytest.mark.parametrize(
    ("ago", "more", "expected"),
    [
        ((6, 0), {}, ("", False)),
        ((6.01, 0), {}, ("a", False)),
        ((9.9, 0), {"cadence": 5}, ("", False)),
        ((10.1, 0), {"cadence": 5}, ("a", False)),
        ((7, 0), {"since": 5}, ("", False)),
        ((5.5, 0), {"before": "a"}, ("a", False)),
        ((4.9, 0), {"before": "a"}, ("", False)),
        ((GONE_US / MINUTE_US - 1, 0), {}, ("a", False)),
        ((GONE_US / MINUTE_US, 0), {}, ("", False)),
        ((GONE_US / MINUTE_US, 0), {"before": "a"}, ("a", False)),
    ],
    ids=["6", "6+", "slow", "slow+", "hub away", "still", "back", "a week-", "a week", "a week, known"],
)
def test_one_of_them(ago: tuple[float, ...], more: dict[str, Any], expected: tuple[str, bool]) -> None:
    """Beyond the cadence and five minutes; who is silent is so until heard; who is gone for a week is not expected."""
    assert silent(*ago, **more) == expected


@pytest.mark.parametrize(
    ("ago", "more", "expected"),
    [
        ((7, 7, 7), {}, ("", True)),
        ((7, 3, 3), {}, ("", False)),
        ((7, 2.5, 2.5), {}, ("a", False)),
        ((7, 7, 3), {}, ("", False)),
        ((7, 7, 7), {"since": 3}, ("", False)),
        ((3, 3, 3), {"all_before": True}, ("", True)),
        ((0, 9, 9), {"all_before": True}, ("", False)),
        ((9, 9), {"before": "ab"}, ("ab", False)),
        ((9, 9, 7), {"before": "ab"}, ("ab", True)),
        ((9, 9, 3), {"before": "ab"}, ("ab", False)),
        ((9, 9, 3), {"before": "ab", "all_before": True}, ("ab", True)),
        ((9, 0), {"before": "a", "all_before": True}, ("a", False)),
        ((9,), {}, ("a", False)),
        ((9,), {"connected": False}, ("", True)),
        ((), {}, ("", False)),
    ],
    ids=[
        *(
            "all",
            "some",
            "one more",
            "not yet all",
            "hub away",
            "still all",
            "one is back",
            "two known",
            "two known, one new",
        ),
        *("two known, one not yet", "two known, all", "one known, one back", "the only one", "no broker", "none"),
    ],
)
def test_all_of_them_are_one_alarm(ago: tuple[float, ...], more: dict[str, Any], expected: tuple[str, bool]) -> None:
    """Who was silent before stays so; where nobody else is heard it is one alarm, and who comes back gives all time."""
    assert silent(*ago, **more) == expected
