"""What a demo says at its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from provisioning.demo.report import goodbye

FACTS: Any = SimpleNamespace(
    pictures=SimpleNamespace(taken=0), uplink=SimpleNamespace(connected=True, trouble=None), budget=None
)


@pytest.mark.parametrize(("received", "unsent", "times"), [(14, 0, 0), (13, 0, 1), (13, 1, 1), (14, 1, 1)])
def test_what_the_hub_lacks_is_explained_once(received: int, unsent: int, times: int) -> None:
    """Also where only another station than the one that was shown has something on its way."""
    console = Console(record=True, width=200)
    line = {"station": "demo-2", "records": 14, "received": received, "minutes_measured": 12, "minutes_received": 12}
    report = {"records": 14, "unsent": unsent, "pictures": 0, "budget": None, "hub": [line]}
    goodbye(console, report, FACTS, None)
    assert console.export_text().count("This was still on its way; a station sends it after its next start.") == times
