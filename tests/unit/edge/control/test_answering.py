"""What the station's socket answers of what was measured, and that a listener hears of each minute."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from edge.clock.clock import SystemClock
from edge.control.answering import now_of
from edge.control.client import Client, ask
from edge.control.commands import KNOWN, Commands, Outcome, Permission, Principal, Request
from edge.control.local_socket import Control
from edge.recorder.recorder import RecorderSnapshot
from edge.records.answers import Events, Now, Pictures, Series
from edge.records.record import ClockMark
from tests.kits.broker import until
from tests.kits.history_kit import BEGIN, HOUR, MINUTE, Life

READER = Principal("socket", "page", may=frozenset({Permission.READ}))
ANSWERS: dict[str, Any] = {"now": Now, "series": Series, "events": Events, "pictures": Pictures}
FROM = {"from": BEGIN / 1e6}


class Recorder:
    """A recorder that knows the time, in boot "boot-1"."""

    def __init__(self) -> None:
        self.boot = "boot-1"
        self.utc: int | None = BEGIN + 30 * HOUR

    @property
    def snapshot(self) -> Any:
        """What it publishes."""
        told = SimpleNamespace(boot=self.boot, time_at=lambda _at: (self.utc, ClockMark("ntp")))
        assert {"boot", "time_at"} <= {*RecorderSnapshot.__struct_fields__, *dir(RecorderSnapshot)}
        return told


@pytest.fixture(name="parts", scope="module")
def of_a_station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give what the questions need of a station that has measured for a while."""
    lived = Life(tmp_path_factory.mktemp("state"), 1)
    lived.measure(130)
    station = SimpleNamespace(id="orchard-1", title="")
    config = SimpleNamespace(
        station=station, site=SimpleNamespace(utc_offset_h=8.0), channels=lambda: {("a", "air_temperature"): "x"}
    )
    clock = SystemClock()
    yield SimpleNamespace(clock=clock, kept=lived.store, recorder=Recorder(), config=config, life=lived)
    lived.store.close()


def run(parts: Any, name: str, arguments: dict[str, Any]) -> Outcome:
    """Return the outcome of a question."""
    told: list[Outcome] = []
    Commands(parts, KNOWN).run(name, arguments, Request("x", READER, told.append))
    (outcome,) = told
    return outcome


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**19), 10**19)
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ("2023-11-14T00:00:00Z", "2023-11-14", "air_temperature", "auto", "day", "17", "0", "9" * 30, "alert,loss")
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(("from", "to", "channel", "step", "kind", "page", "camera", "else"))


@given(
    st.sampled_from((*ANSWERS, "channels", "station")),
    st.dictionaries(NAMES, VALUES, max_size=4),
    st.booleans(),
)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_is_answered_or_refused(parts: Any, name: str, given_: dict[str, Any], right: bool) -> None:
    """No argument brings about anything unforeseen, and each answer is JSON of its documented form."""
    arguments = {**given_, **FROM, "channel": "air_temperature"} if right and name == "series" else given_
    outcome = run(parts, name, arguments)
    if outcome.state == "failed":
        assert outcome.why is not None
        assert outcome.why.code != "unforeseen", (name, arguments)
        return
    text = json.dumps(outcome.data, allow_nan=False)
    assert name not in ANSWERS or set(json.loads(text)) == set(ANSWERS[name].__struct_fields__)


def test_the_newest_minute_says_how_old_it_is(parts: Any) -> None:
    """By the boot's own clock in the boot that measured it, by UTC in another, and unknown where nobody can know."""
    record = parts.kept.last("minute")
    found = now_of(parts)
    assert (found.start_us, found.clock, found.clock_error_s) == (record.start, "ntp", 0.01)
    assert found.end_us == parts.life.now
    parts.recorder.boot = "another"
    assert now_of(parts).age_s == (parts.recorder.utc - parts.life.now) / 1e6
    parts.recorder.utc = None
    assert now_of(parts).age_s is None
    parts.recorder.__init__()


def test_a_minute_without_a_time_is_as_old_as_its_own_boot_says(parts: Any) -> None:
    """Five minutes after its end, dated or not; in another boot nobody knows."""
    record = parts.kept.last("minute")
    clock = SimpleNamespace(now=lambda: record.stamp.boottime + 360.0)
    here: Any = SimpleNamespace(**vars(parts) | {"clock": clock})
    for kept in (record, replace(record, start=None)):
        here.kept = SimpleNamespace(last=lambda _, kept=kept: kept)
        assert now_of(here).age_s == 300.0
    assert (now_of(here).start_us, now_of(here).end_us) == (None, None)
    here.recorder = Recorder()
    here.recorder.boot = "another"
    assert now_of(here).age_s is None


def test_a_span_backwards_is_refused(parts: Any) -> None:
    """And so is a page that no answer named."""
    backwards = run(parts, "series", {"channel": "x", "from": 10, "to": 5})
    assert backwards.why is not None
    assert backwards.why.code == "span_backwards"
    page = run(parts, "events", {**FROM, "page": "1.2"})
    assert page.why is not None
    assert page.why.code == "no_such_page"


def test_who_listens_hears_of_each_minute_at_once(parts: Any, tmp_path: Path) -> None:
    """The newest one first, then each as it is on the disk, and of other records their kind; others are served too."""
    control = Control(tmp_path / "sock", parts.clock, Commands(parts, KNOWN))
    lane = parts.clock.lane("control", control.run)
    until((tmp_path / "sock").exists)
    try:
        with Client(tmp_path / "sock") as client:
            heard = client.live()
            first = next(heard)
            assert first["event"] == "now"
            assert first["now"]["start_us"] == parts.kept.last("minute").start
            parts.life.measure(1)
            setup = parts.kept.last("setup")
            control.recorded(setup)
            assert next(heard) == {"event": "record", "kind": "setup", "seq": setup.seq}
            control.recorded(parts.kept.last("minute"))
            assert next(heard)["now"]["start_us"] == parts.kept.last("minute").start
            assert ask(tmp_path / "sock", "series", channel="wind_speed", **FROM, to=(BEGIN + MINUTE) / 1e6)
    finally:
        lane.stop()
        lane.join(10)
