"""One of several hubs has the lease: while it renews it no other does, and thirty seconds after it ends one does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.sim.clock import SimClock
from hub.database import schema
from hub.database.engine import Engine, opened
from hub.database.lease import ANSWERS, BEAT_S, ENDS_S, Lease, holds

BEGUN = 5000.0  # s for which the machine has been on


@pytest.fixture(name="engine")
def a_database(tmp_path: Path) -> Iterator[Engine]:
    """Give a hub's database."""
    found = opened(f"sqlite://{tmp_path}/hub.db")
    schema.migrate(found)
    yield found
    found.close()


@pytest.fixture(name="clock")
def a_clock() -> SimClock:
    """Return the clock that all hubs of a test have."""
    return SimClock(BEGUN)


def beat_of(engine: Engine) -> str:
    """Return the word that its holder renewed it with."""
    ((found,),) = engine.query("SELECT beat FROM alarm_lease WHERE id = 1")
    return str(found)


def test_while_its_holder_renews_it_nobody_else_has_it(engine: Engine, clock: SimClock) -> None:
    """Ten minutes beside a holder that looks every two seconds: a hub that comes late does not take it."""
    a, b = Lease(engine, "a", clock), Lease(engine, "b", clock)
    assert a.claim() and holds(engine, "a")
    for second in range(2, 600, 2):
        clock.run_until(BEGUN + second)
        assert a.claim() and not b.claim() and not holds(engine, "b"), second


def test_it_is_renewed_every_five_seconds_and_not_with_each_look(engine: Engine, clock: SimClock) -> None:
    """A write to the disk for each of several lanes' looks would be many a second."""
    a = Lease(engine, "a", clock)
    assert a.claim()
    first = beat_of(engine)
    clock.run_until(BEGUN + BEAT_S - 0.1)
    assert a.claim() and beat_of(engine) == first
    clock.run_until(BEGUN + BEAT_S)
    assert a.claim() and beat_of(engine) != first


def test_thirty_seconds_after_its_holder_dies_one_of_the_others_has_it(engine: Engine, clock: SimClock) -> None:
    """Not sooner, though it was old when they came; of two that look at once one; who was frozen has lost it."""
    a, b, c = (Lease(engine, name, clock) for name in "abc")
    assert a.claim()
    clock.run_until(BEGUN + 100)  # whatever it says, they have not seen it stand still yet
    assert not b.claim() and not c.claim()
    clock.run_until(BEGUN + 100 + ENDS_S - 0.1)
    assert not b.claim() and not c.claim()
    clock.run_until(BEGUN + 100 + ENDS_S)
    assert [b.claim(), c.claim()] == [True, False]
    assert not a.claim() and not holds(engine, "a") and holds(engine, "b")


def test_what_is_let_go_of_is_another_s_at_once(engine: Engine, clock: SimClock) -> None:
    """At an orderly end; one lease says nothing about another."""
    a, b, answers = Lease(engine, "a", clock), Lease(engine, "b", clock), Lease(engine, "b", clock, ANSWERS)
    assert a.claim() and not b.claim() and answers.claim()
    b.release()
    assert holds(engine, "a"), "nobody lets go of what is another's"
    a.release()
    assert b.claim() and holds(engine, "b")


def test_of_two_that_take_it_over_in_one_instant_one_has_it(
    engine: Engine, clock: SimClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one's look was before the first one's word: its own word comes too late."""
    dead, b, c = (Lease(engine, name, clock) for name in ("dead", "b", "c"))
    assert dead.claim() and not b.claim() and not c.claim()
    clock.run_until(BEGUN + ENDS_S)
    ask = engine.query

    def raced(sql: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        if sql.startswith("UPDATE") and values[0] == "b":
            monkeypatch.setattr(engine, "query", ask)
            assert c.claim()
        return ask(sql, values)

    monkeypatch.setattr(engine, "query", raced)
    assert not b.claim() and holds(engine, "c")
