"""Events in words, whatever a newer or another station says in them."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.reason import Reason
from edge.page.happenings import happening
from edge.records.answers import Event
from edge.records.bodies import Alert, Start, plain


def event(kind: str, body: dict[str, Any]) -> Event:
    """Return one as the hub's database or a station's store gives it."""
    return Event("s", "e", 1, 0, kind, 5, "ntp", None, body, None)


@pytest.mark.parametrize("turn", ["raised", "doubled"])
def test_a_turn_of_an_alert_that_is_not_known_here_is_shown_as_it_is(turn: str) -> None:
    """A newer station may have more of them; the other events of its page are there too."""
    found = happening(event("alert", plain(Alert("a", "frost", turn, 2, 5, -2.2, -2.3, 7))))
    assert found is not None and found.text.endswith(", step 2 of 5") and (turn in found.text)


def test_braces_in_the_reason_of_a_start_are_none_of_ours() -> None:
    """What a station says is no template."""
    found = happening(event("start", plain(Start("0.2", "b", Reason("said", "{text}", text="{why.x} {")))))
    assert found is not None and found.text == "{why.x} {"
