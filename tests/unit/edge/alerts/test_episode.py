"""The life of an alert, against a second reckoning that looks at the whole past each minute."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.episode import FORGIVEN, Episode, RuleLimits, Seen, Turn

FROST = RuleLimits((0.0, -2.2, -3.2), above=False, hold=3, clear_by=1.0, clear=5)
UNKNOWN = Seen(None)
MINUTES = st.lists(
    st.one_of(st.just(UNKNOWN), st.builds(Seen, st.integers(-12, 8).map(lambda n: n / 2), st.booleans())), max_size=60
)
LIMITS = st.builds(
    lambda values, above, hold, by, clear: RuleLimits(tuple(sorted(values, reverse=not above)), above, hold, by, clear),
    st.sets(st.integers(-4, 4).map(float), min_size=1, max_size=4),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(1, 4),
)


def turns(seen: list[Seen], limits: RuleLimits = FROST) -> list[tuple[int, Turn, int]]:
    """Return minute, turn and step of all that turned."""
    episode = Episode()
    return [(place, turn, episode.step) for place, one in enumerate(seen) for turn in episode.take(one, limits)]


def values(*numbers: float | None) -> list[Seen]:
    return [Seen(number) for number in numbers]


def reckoned(seen: list[Seen], limits: RuleLimits) -> list[tuple[int, int, bool]]:
    """Return step and blindness after each minute, each reckoned from all minutes since the last change of step."""
    sign = 1.0 if limits.above else -1.0
    found: list[tuple[int, int, bool]] = []
    step, changed, blind = 0, 0, False
    for place in range(len(seen)):
        run = 0
        while run <= place and seen[place - run].value is None:
            run += 1
        if run > FORGIVEN:
            blind, changed = True, max(changed, place + 1)
        elif run == 0:
            blind = False
            step, changed = after(seen[: place + 1], changed, step, limits, sign)
        found.append((place, step, blind))
    return found


def after(past: list[Seen], changed: int, step: int, limits: RuleLimits, sign: float) -> tuple[int, int]:
    """Return the step, and since when it is held; holds may have begun before the last change, but not before a gap."""
    known = []
    gap = 0
    for one in reversed(past):
        gap = gap + 1 if one.value is None else 0
        if gap > FORGIVEN:
            break
        if one.value is not None:
            known.append(one)
    marks = [sign * limit for limit in limits.values]
    held = 0
    for place, mark in enumerate(marks):
        minutes = known[: limits.hold]
        if len(minutes) == limits.hold and all(sign * (one.value or 0.0) >= mark for one in minutes):
            held = place + 1
    if held > step:
        return held, len(past)
    return fallen(past[changed:], step, limits, marks, sign, len(past), changed)


def fallen(
    past: list[Seen], step: int, limits: RuleLimits, marks: list[float], sign: float, now: int, changed: int
) -> tuple[int, int]:
    """Return the step after looking at whether the last minutes are all better than it."""
    better: list[int] = []
    for one in reversed([one for one in past if one.value is not None]):
        still = min(step, sum(sign * (one.value or 0.0) >= mark - limits.clear_by for mark in marks))
        if still == step:
            break
        if one.clears:
            better.append(still)
    latest = next((one for one in reversed(past) if one.value is not None), None)
    if step and latest is not None and latest.clears and len(better) >= limits.clear:
        return max(better), now
    return step, changed


@settings(max_examples=600, deadline=None)
@given(MINUTES, LIMITS)
def test_an_alert_stands_where_the_minutes_put_it(seen: list[Seen], limits: RuleLimits) -> None:
    """After each minute the step is that of a reckoning from the whole past; each change is told, nothing else."""
    episode = Episode()
    for (_, step, blind), one in zip(reckoned(seen, limits), seen, strict=True):
        before, was_blind = episode.step, episode.blind
        told = episode.take(one, limits)
        assert (episode.step, episode.blind) == (step, blind)
        expected: list[str] = []
        if blind != was_blind:
            expected.append("blind" if blind else "seeing")
        if step > before:
            expected.append("worse" if before else "raised")
        elif step < before:
            expected.append("better" if step else "cleared")
        assert told == expected


@settings(max_examples=200, deadline=None)
@given(MINUTES, LIMITS)
def test_only_good_values_end_an_alert(seen: list[Seen], limits: RuleLimits) -> None:
    """However long nothing is known, and whatever may not clear says: what is raised stays raised."""
    episode = Episode()
    for one in seen:
        before = episode.step
        episode.take(Seen(one.value, clears=False), limits)
        assert episode.step >= before


@pytest.mark.parametrize("hole", range(1, 7))
def test_a_short_hole_in_a_hold_counts_for_nothing_and_a_long_one_makes_blind(hole: int) -> None:
    """Up to three unknown minutes neither count nor begin anew; from the fourth on that is said."""
    told = turns([*values(-1, -1), *[UNKNOWN] * hole, *values(-1, -1, -1)])
    if hole <= FORGIVEN:
        assert told == [(2 + hole, "raised", 1)]
    else:
        assert told == [(2 + FORGIVEN, "blind", 0), (2 + hole, "seeing", 0), (4 + hole, "raised", 1)]


def test_noise_about_a_limit_raises_once() -> None:
    """Eight hours of 0.3 K above and below the limit are one alert and one all-clear."""
    for pace in (1, 20):  # minutes; what lasts longer than hold and clear time is held by the hysteresis alone
        night = [Seen(0.3 if minute // pace % 4 == 3 else -0.3) for minute in range(480)]
        told = turns([*night, *values(*[3.0] * 10)])
        assert [turn for _, turn, _ in told] == ["raised", "cleared"]


def test_two_dips_of_one_night_are_two_alerts() -> None:
    """A second dip two hours after the first is told like the first, whatever was told before."""
    dip = values(*[-1.0] * 20, *[3.0] * 120)
    assert [turn for _, turn, _ in turns([*dip, *dip])] == ["raised", "cleared"] * 2


def test_what_is_beyond_a_limit_at_the_start_is_raised() -> None:
    """A rule that is new in the middle of a frost is judged on what is, at once on the worst limit."""
    assert turns(values(-4, -4, -4)) == [(2, "raised", 3)]


def test_each_further_kelvin_is_told_and_less_is_not_an_all_clear() -> None:
    """Falling through the limits is worse and worse; rising above one by a kelvin is better, above all cleared."""
    told = turns(values(*[-1.0] * 3, *[-2.5] * 3, *[-3.5] * 3, *[-1.5] * 5, *[2.0] * 5))
    assert [(turn, step) for _, turn, step in told] == [
        ("raised", 1),
        ("worse", 2),
        ("worse", 3),
        ("better", 2),
        ("cleared", 0),
    ]
