"""The horn's rules by themselves, its section in the file, and what people are told of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.clock import Clock
from drivers.errors import Unplugged
from drivers.reason import Reason
from edge.alerts.alerts import End
from edge.alerts.horn_line import HornLine
from edge.alerts.sounding import FRESH_S, Demand, Sounding, calling, unheard
from edge.clock.clock import SystemClock
from edge.config.errors import ConfigError
from edge.config.file import load
from edge.config.sections import HornSection
from edge.control.commands import KNOWN, Commands, Outcome, Principal, Request
from edge.daemon import quieten
from edge.language.log_lines import LogFormatter
from edge.language.speech import speaking
from edge.snapshots import AlertNow, HornSnapshot
from provisioning.commands.alert_lines import horn_lines
from provisioning.doctor.horn import horn as checked
from tests.kits.station_text import HEAD, SHELTER
from tests.kits.statuses import status

SECTION = HornSection(line=27, rules=("frost",), longest_on_s=60.0, rest_s=120.0)
PULSES = '[[sensor]]\nname = "bucket"\ndriver = "pulses"\nkind = "rain"\nline = 17\n'
RULE = '[[alert]]\nname = "frost"\ncrop = "apple"\n'


def alert(step: int, rule: str = "frost", blind: bool = False, name: str = "frost-e-1") -> AlertNow:
    """Return an open alert."""
    return AlertNow(rule, step, 5, blind, "wet_bulb_temperature", "degC", -2.0, "apple", "", True, name)


@given(st.lists(st.tuples(st.sampled_from(("look", "end", "restart")), st.floats(0.1, 90.0)), max_size=60))
def test_no_order_of_events_makes_a_sounding_longer(steps: list[tuple[str, float]]) -> None:
    """Whatever ends a sounding, and however often the daemon starts: at most the longest time, then the rest."""
    state, now, heard, quiet_since = Sounding("b"), 0.0, 0.0, float("-inf")
    on_since: float | None = None
    for what, seconds in steps:
        now += seconds
        if on_since is not None:
            end = max(min(now, state.until), on_since)
            heard += end - on_since
            on_since, quiet_since = None, end
            assert heard <= SECTION.longest_on_s + 1e-6
        if what == "end":
            state.end(now, SECTION)
        if what == "restart":
            state.resume("b", now, SECTION.rest_s)
        if what == "look" and state.may_sound(now):
            if now >= state.until:
                state.begin(now, SECTION)
            if now - quiet_since >= SECTION.rest_s - 1e-6:
                heard = 0.0
            on_since = now


def test_another_boot_rests_once_more() -> None:
    """A box that lost its power while the horn rested does not know how long that was: it rests anew, then sounds."""
    state = Sounding("b", until=60.0, rest=180.0)
    state.resume("c", 20.0, SECTION.rest_s)
    assert [state.may_sound(at) for at in (20.0, 139.0, 140.0)] == [False, False, True]
    new = Sounding("b")
    new.resume("c", 20.0, SECTION.rest_s)
    assert new.may_sound(20.0)


def test_a_worse_step_wakes_whoever_silenced_the_last(tmp_path: Path) -> None:
    """Silenced at step 2, it is quiet at 2 and 1, and sounds at 3; the next alert is another one."""
    state = Sounding()
    state.silence(calling(Demand((alert(2),)), SECTION))
    steps = [len(unheard(calling(Demand((alert(step),)), SECTION), state.silenced)) for step in (1, 2, 3)]
    assert steps == [0, 0, 1]
    assert not state.forget([alert(1)])
    assert state.forget([alert(2, name="frost-e-9")])
    assert state.silenced == {}


@pytest.mark.parametrize(
    ("one", "sounds"), [(alert(2), 1), (alert(1), 0), (alert(3, blind=True), 0), (alert(3, rule="gale"), 0)]
)
def test_only_its_rules_at_their_step_call_for_it(one: AlertNow, sounds: int) -> None:
    """The first step, another rule, and a rule that is blind sound nothing."""
    assert len(calling(Demand((one,)), SECTION)) == sounds


def test_an_old_minute_calls_nobody() -> None:
    """A minute of more than five minutes ago, of another boot, or none: nobody is woken by it."""
    assert Demand((), End("b", 100.0)).fresh("b", 100.0 + FRESH_S)
    assert not Demand((), End("b", 100.0)).fresh("b", 101.0 + FRESH_S)
    assert not Demand((), End("b", 100.0)).fresh("c", 101.0)
    assert not Demand().fresh("b", 1.0)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ('line = 27\nrules = ["gale"]\n', 'no [[alert]] has the name "gale"; there are: frost'),
        ('line = 17\nrules = ["frost"]\n', 'line 17 is used by "bucket"'),
        ('line = 27\nbutton_line = 27\nrules = ["frost"]\n', 'line 27 is used by "horn"'),
        ('line = 27\nbutton_line = 17\nrules = ["frost"]\n', 'line 17 is used by "bucket"'),
        ('rules = ["frost"]\n', "is required"),
        ("line = 27\n", "is required"),
        ('line = 27\nrules = ["frost"]\nlongest_on_s = 99999\n', "at most 3600"),
    ],
)
def test_a_horn_that_cannot_be_is_refused(tmp_path: Path, section: str, says: str) -> None:
    """An unknown rule, a line that is taken, a missing key, a horn without end: named with the file's line."""
    file = tmp_path / "station.toml"
    file.write_text((HEAD + SHELTER + PULSES).format(state=tmp_path / "state") + RULE + "[horn]\n" + section)
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert says in str(refused.value)


def test_a_station_without_a_horn_says_so_and_nobody_afar_may_sound_one() -> None:
    """Silencing is refused where there is none; the test can't be allowed from afar."""
    told: list[Outcome] = []
    parts: Any = SimpleNamespace(horn=None, kept=SimpleNamespace(notes=SimpleNamespace(put=lambda *_: None)))
    Commands(parts, KNOWN).run("silence-horn", {}, Request("x", Principal("mqtt", "platform"), told.append))
    assert told[0].why is not None and told[0].why.code == "without_horn"
    assert {command.name for command in KNOWN if "horn" in command.name and command.remote} == {"silence-horn"}


def test_people_read_how_it_stands() -> None:
    """Status tells what sounds, what rests and for how long, what was silenced, and that the line is missing."""
    quiet = HornSnapshot()
    assert horn_lines(None) == horn_lines(quiet) == []
    with speaking("zh"):
        assert "（霜冻）" in horn_lines(HornSnapshot(on=True, rules=("frost",)))[0]
    assert horn_lines(HornSnapshot(on=True, rules=("frost",))) == ["Horn: sounds (Frost)"]
    rests = HornSnapshot(rules=("frost", "gale"), silenced=("gale",), rests_s=120.0)
    assert horn_lines(rests) == ["Horn: pauses for 2 min, then sounds again (Frost)", "Horn: silenced (Gale)"]
    gone = Reason("no_gpio_line", "line {line} is not available ({why})", line=27, why="x")
    assert horn_lines(HornSnapshot(trouble=gone)) == ["Horn: not available: line 27 is not available (x)"]


def test_the_doctor_names_the_chip_that_is_not_there(tmp_path: Path) -> None:
    """By the real library: a chip that this machine does not have is said by its name, and what to do."""
    file = tmp_path / "station.toml"
    horn = '[horn]\nchip = "/dev/gpiochip99"\nline = 27\nrules = ["frost"]\n'
    file.write_text(HEAD.format(state=tmp_path) + SHELTER + RULE + horn)
    (finding,) = checked(load(file), None)
    assert not finding.well and "there is no GPIO chip /dev/gpiochip99" in finding.sentence and finding.remedy
    assert next(checked(load(file), status(horn=HornSnapshot()))).well


def test_the_journal_says_which_chip_of_the_horn_is_not_there(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Not only that something is unplugged: both when it is turned off at the start and when its lane opens it."""
    file = tmp_path / "station.toml"
    horn = '[horn]\nchip = "/dev/gpiochip99"\nline = 27\nrules = ["frost"]\n'
    file.write_text(HEAD.format(state=tmp_path) + SHELTER + RULE + horn)
    quieten(load(file), SystemClock())
    (line,) = caplog.records
    assert "there is no GPIO chip /dev/gpiochip99" in LogFormatter("%(message)s").format(line)


def test_a_trial_of_a_horn_that_is_not_there_says_what_is_missing() -> None:
    """Of the device's error what it found, and not its kind alone."""

    def opener(kind: str, settings: Any, clock: Clock) -> Any:
        raise Unplugged(Reason("no_chip", "there is no GPIO chip"))

    line = HornLine(SECTION, opener, SystemClock(), lambda _: None)
    assert line.missing() is None
    line.look()
    assert str(line.missing()) == "the horn or its button is not available: there is no GPIO chip"
