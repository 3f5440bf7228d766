"""Made springs at the hub, by seed: whatever befalls boxes, links, channels and hubs, people learn of it in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.alarms import alarm, decider, escalation, outbox, silence
from tests.kits.alarm_season import Season, Trouble, drawn
from tests.kits.season_checks import Checked
from tests.kits.store_kit import memory_folder

# one cold night, in which a link is away while it freezes, a hub is killed twice, a robot is away as it ends
NIGHT = Trouble(
    away={"orchard-2": [(200, 420)], "orchard-3": [(100, 640)]},
    off={"orchard-1": [(250, 254)]},
    hub=[(290, 300), (390, 391)],
    lanes=[(330, 332), (500, 580)],
    broken={"group": [(430, 620)]},
    lost={"voice": [(310, 330)]},
)

# a thermometer is lost, the link goes too, and the frost that follows is heard of by day alone
UNHEARD = Trouble(deaf={"orchard-2": [(40, 100)]}, away={"orchard-2": [(60, 660)]})


def complaints(trouble: Trouble, seed: int = 3) -> set[str]:
    """Live a night and return which promises were broken."""
    with memory_folder() as folder:
        season = Season(folder, seed, 1, (0,), trouble)
        season.live()
        found = {one.partition(":")[0] for one in Checked(season).complaints()}
        season.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", (1, 2))
def test_a_spring_of_troubles_loses_no_alert_and_no_end(seed: int) -> None:
    """Nights of frost with boxes off, links away for days, hubs killed, robots away, people who answer or do not:
    each crossing is raised once, told, escalated, acknowledged, and its end told once; silence only as decided."""
    with memory_folder() as folder:
        season = drawn(folder, seed, 2, 1)
        season.live()
        found = Checked(season)
        assert found.complaints() == []
        assert len(found.alarms) > 5 and season.acked and season.got
        season.close()


@pytest.mark.slow
@pytest.mark.parametrize("trouble", (NIGHT, UNHEARD), ids=("night", "unheard"))
def test_the_nights_that_the_checkers_are_tried_on_are_in_order(trouble: Trouble) -> None:
    """Nothing is complained of where nothing is broken."""
    assert complaints(trouble) == set()


def _forgetful(patch: pytest.MonkeyPatch) -> None:
    """Forget that the end was told."""
    whole = escalation.advance

    def advance(alarm_: Any, *args: Any) -> Any:
        found = whole(alarm_, *args)
        if any(one.why == "cleared" for one in found):
            alarm_.escalation.over_told = False
        return found

    patch.setattr(decider, "advance", advance)


def _unhushed(patch: pytest.MonkeyPatch) -> None:
    """Go on as if nobody had acknowledged."""
    patch.setattr(
        escalation,
        "_after_acknowledgement",
        lambda alarm, ready, now, _: escalation._continue(alarm, ready, now, lambda _: False),
    )


BREAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "not escalated": lambda patch: patch.setattr(escalation, "NEXT_PERSON", 29),
    "mistimed": lambda patch: patch.setattr(alarm, "LATE_US", 10**15),
    "lost": lambda patch: patch.setattr(alarm.Alarm, "is_untold", False),
    "no all-clear": lambda patch: patch.setattr(outbox, "is_said_again", lambda _: True),
    "wrongly told": _unhushed,
    "wrongly silent": lambda patch: patch.setattr(silence, "PATIENCE", -60_000_000),
    "not silent": lambda patch: patch.setattr(silence, "PATIENCE", 10**15),
    "doubled": _forgetful,
}


@pytest.mark.slow
@pytest.mark.parametrize("promise", BREAKS)
def test_each_checker_speaks_where_its_promise_is_broken(promise: str) -> None:
    """A hub that is broken on purpose, one way after the other, is complained of by the name of what it broke."""
    with pytest.MonkeyPatch.context() as patch:
        BREAKS[promise](patch)
        assert promise in complaints(NIGHT)
