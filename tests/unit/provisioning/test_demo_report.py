"""What a demo says at its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from edge.language.speech import speaking
from provisioning.demo.report import goodbye
from provisioning.demo.show import rows, ways_on
from provisioning.folding import CLOSING, columns_of

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


def test_what_it_says_is_folded_between_words_on_a_phone() -> None:
    """No line begins with a stop, none parts a name; what is written to a file or a program is whole."""
    with speaking("zh"):
        report = {"records": 14, "unsent": 1, "pictures": 0, "budget": None, "faults": {"gaps": 2, "complaints": []}}
        console = Console(record=True, width=40)
        goodbye(console, report, FACTS, None)
        lines = console.export_text().splitlines()
        assert max(map(cell_len, lines)) <= 40
        assert not [line for line in lines if line.strip()[0] in CLOSING]
        whole = Console(record=True, width=40, soft_wrap=True)
        goodbye(whole, report, FACTS, None)
        assert len(whole.export_text().splitlines()) == 4


def test_the_last_lines_part_no_way_on_that_fits() -> None:
    """How to stop, the page's address and a command to copy: side by side as far as they fit."""
    ways = ["Ctrl-C stops it", "page: http://127.0.0.1:8080", "watch from elsewhere: minshan watch --broker mqtt://h:1"]
    assert rows(ways, 200) == ["   ".join(ways)]
    assert rows(ways, 80) == ["   ".join(ways[:2]), ways[2]]
    assert rows(ways, 40) == [*ways[:2], "watch from elsewhere: minshan watch", "  --broker mqtt://h:1"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_echo_of_ctrl_c_has_room_behind_the_last_line(lang: str) -> None:
    """On a full screen a wrapped ^C moved it up by a line, and its title stood there twice."""
    config: Any = SimpleNamespace(broker=SimpleNamespace(url="mqtt://127.0.0.1:57319"))
    with speaking(lang):
        for width in range(40, 121):
            *_, last = ways_on(config, "http://127.0.0.1:8080", width).plain.split("\n")
            assert columns_of(last) + len("^C") <= width
