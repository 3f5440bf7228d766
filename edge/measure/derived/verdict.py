"""The result of a growers' rule: its state, why, from which inputs. None of the rules was derived in Maoxian."""

from __future__ import annotations

import msgspec

from drivers.reason import Reason

UNKNOWN = "unknown"


class Verdict(msgspec.Struct, frozen=True):
    """The verdict of one rule. `inputs` and `thresholds` by name, an input None if it is unknown."""

    rule: str
    state: str
    why: list[Reason]
    inputs: dict[str, float | None]
    thresholds: dict[str, float]
    source: Reason


def lacks(name: str) -> Reason:
    """Return the reason that an input is missing or in doubt."""
    return Reason("advice_lacks", "{channel} is missing or in doubt", channel=name)
