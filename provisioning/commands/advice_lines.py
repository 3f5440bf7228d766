"""The growers' rules in `status`: a line each, with the first cause; `minshan advice` shows everything."""

from __future__ import annotations

from typing import Any

from edge.language import verdicts
from edge.language.texts import _


def brief(found: list[dict[str, Any]]) -> list[str]:
    """Return a line for each rule, and where to find details; nothing where no verdict is known."""
    shown = verdicts.brief([verdicts.restored_verdict(one) for one in found])
    return ["", *shown, _("More, with inputs and sources: minshan advice")] if shown else []
