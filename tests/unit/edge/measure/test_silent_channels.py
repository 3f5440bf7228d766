"""A channel that told nothing for a while, or failed, is judged anew: no old mean makes a leap, none accuses others."""

from __future__ import annotations

import math
from random import Random

import pytest

from drivers.driver import Channel
from drivers.reading import Reading
from drivers.reason import Reason
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.offset import ChannelOffsets
from edge.measure.quality import Flag
from edge.measure.value import Value
from tests.kits.mornings import MIDNIGHT, RAIN, RH, WIND, P, T, air, day

SUN = "solar_irradiance"
AIR = {T: 15.0, RH: 60.0, P: 836.0, WIND: 0.0}
Span = tuple[int, dict[str, float | None]]


def flags(of: str, *spans: Span) -> list[list[int]]:
    """Return a channel's flags in spans of minutes in which channels tell other values than AIR, or (None) nothing."""
    lines = [ChannelLine(n, "mast", Channel(n, -1e6, 1e6, 0.01), limits_for(n, 1590.0), 6.0) for n in AIR]
    minutes, noise, number, found = Minutes(lines), Random(3), 0, []
    for count, other in spans:
        of_span = []
        for _ in range(count):
            begin = 60.0 * number
            for n in range(6):
                for name, value in (AIR | other).items():
                    if value is not None:
                        told = value + (noise.gauss(0, 0.02) if name != WIND else 0.0)
                        minutes.take("mast", Reading(name, round(told, 2), begin + 10.0 * n))
            of_span.append(minutes.close(begin, begin + 60.0, begin, {}).quality[of])
            number += 1
        found.append(of_span)
    return found


def test_a_barometer_that_was_silent_in_a_front_is_good_after_it() -> None:
    """3 hPa less than three hours ago are weather; that nothing was told in between makes no leap of it."""
    after = flags(P, (60, {}), (180, {P: None}), (60, {P: 833.0}))[-1]
    assert set(after) == {1}


def test_a_leap_beside_a_short_silence_is_seen() -> None:
    """A cable that is off for five minutes, and on again with 5 hPa too much."""
    after = flags(P, (60, {}), (5, {P: None}), (60, {P: 841.0}))[-1]
    assert set(after) == {3}


def test_an_offset_that_ended_while_nothing_was_told_is_over() -> None:
    """A hygrometer 30 % too high, then beyond all range for two hours, then back in air that is 12 % drier."""
    spans: tuple[Span, ...] = ((60, {}), (30, {RH: 90.0}), (120, {RH: 110.0}), (60, {RH: 44.0}))
    _, high, beyond, after = flags(RH, *spans)
    assert set(high) == {3} and set(beyond[1:]) == {4}
    assert set(after[2:]) == {1}


def test_an_offset_that_went_on_while_nothing_was_told_is_one_still() -> None:
    """Back at 90 % where the air had 60 before: the vapour pressure is off as it was."""
    after = flags(RH, (60, {}), (30, {RH: 90.0}), (120, {RH: 110.0}), (60, {RH: 90.0}))[-1]
    assert set(after) == {3}


def test_a_hygrometer_that_fails_high_makes_no_calm_doubtful() -> None:
    """110 % are no answer of zeros; 0 % are one, and 0.0 m/s beside them is none."""
    assert set(flags(WIND, (5, {}), (20, {RH: 110.0}))[-1]) == {1}
    lines = [
        ChannelLine(n, "mast", Channel(n, 5.0 if n == RH else -80.0, 100, 0.1), limits_for(n, 0.0), 6.0) for n in AIR
    ]
    minutes = Minutes(lines)
    for n in range(6):
        for name in AIR:
            minutes.take("mast", Reading(name, 0.0, 10.0 * n))
    body = minutes.close(0.0, 60.0, None, {})
    assert body.quality == {T: 3, RH: 4, P: 4, WIND: 3}


def test_channels_that_are_silent_by_chance_trouble_no_check() -> None:
    """Each minute a third of the channels tells nothing: it is missing, and what the others tell is judged."""
    rng, silent = Random(7), dict[int, set[str]]()

    def truth(at: float) -> dict[str, float]:
        told = air(at) | {RAIN: round(0.2 * (at // 120), 1), RH: 40.0 + round(2 * math.sin(at / 500), 1), SUN: 600.0}
        told |= {name: told[name.partition(".")[0]] for name in (f"{T}.hedge", f"{RH}.hedge", f"{RAIN}.roof")}
        told |= {"soil_moisture": 21.0, "soil_temperature": 14.0, "leaf_wetness": 80.0, "co2": 420.0, "pm10": 70.0}
        gone = silent.setdefault(int(at // 60), {name for name in told if at >= 60 and rng.random() < 1 / 3})
        return {name: value for name, value in told.items() if name not in gone}

    minutes = day(truth, 200, utc=MIDNIGHT + 10 * 3600.0)()
    assert len(minutes) == 200
    for number, body in enumerate(minutes):
        assert {name for name, flag in body.quality.items() if flag == 9} == silent[number]
        assert {name for name, value in body.values.items() if value is None} == silent[number]


def test_an_offset_that_stays_is_believed_after_six_hours() -> None:
    """By then nobody can tell which level is true; until then each minute says for how long it has lasted."""
    offsets, doubted = ChannelOffsets({P: P}), dict[int, Reason]()
    for n in range(420):
        begin = 100_000.0 + 60.0 * n
        value = Value(836.0 + 3.0 * (n >= 20), Flag.PASS)
        if found := offsets.doubts(begin, begin + 60.0, {P: value}, {}):
            doubted[n] = found[P]
    assert list(doubted) == list(range(20, 380))
    assert doubted[140].params["minutes"] == 120


@pytest.mark.parametrize(("told", "flagged"), [(False, 0), (True, 55)])
def test_over_minutes_that_were_never_closed_no_leap_is_measured(told: bool, flagged: int) -> None:
    """A program that stood still for five minutes saw nothing of the squall; a barometer that was silent leapt."""
    offsets, doubted = ChannelOffsets({P: P}), 0
    for n in range(120):
        there = not 60 <= n < 65
        if there or told:
            value = Value(836.0 + 3.0 * (n >= 60), Flag.PASS) if there else Value(None, Flag.MISSING)
            doubted += bool(offsets.doubts(60.0 * n, 60.0 * n + 60.0, {P: value}, {}))
    assert doubted == flagged
