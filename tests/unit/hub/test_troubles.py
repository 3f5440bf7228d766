"""What a hub's log says of a trouble that lasts: where it begins and where it ends."""

from __future__ import annotations

import logging

import pytest

from drivers.reason import Reason
from hub.database.errors import unusable
from hub.troubles import LASTING, Troubles

FULL = Reason("no_room_for", "no space is left for {file}", file="hub.db")
AWAY = Reason("said", "{text}", text="the broker refuses connections")


def test_a_disk_that_stays_full_is_one_line_however_often_the_broker_is_joined(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Joining the broker succeeds each time and is no end of it; a commit that succeeds is."""
    caplog.set_level(logging.INFO, "minshan.watch")
    found = Troubles("mqtt://broker")
    found.connected()
    for _ in range(50):
        found.begin_unkept(FULL)
        found.connected()
        assert str(found.reason) == str(FULL)
    found.kept()
    assert (found.reason, [line.getMessage() for line in caplog.records]) == (
        None,
        ["connected to mqtt://broker", "no space is left for hub.db", "what arrives is kept again"],
    )


def test_a_broker_that_is_away_meanwhile_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    """While it is away that is what is the matter, and after it the full disk is again, until something is kept."""
    caplog.set_level(logging.INFO, "minshan.watch")
    found = Troubles("mqtt://broker")
    found.begin_unkept(FULL)
    found.begin(AWAY)
    assert str(found.reason) == str(AWAY)
    found.connected()
    assert str(found.reason) == str(FULL)
    found.kept()
    found.begin(AWAY)
    found.connected()
    told = [line.getMessage() for line in caplog.records]
    assert (found.reason, told[-2:]) == (None, [str(AWAY), "connected to mqtt://broker"])


def test_what_tries_go_on_meeting_is_told_once_though_the_outage_began_otherwise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server that was restarted ends the connection by one word, and gives no other for another reason."""
    ended, refused, starting = (unusable("PostgreSQL", why) for why in ("it was ended", "no such role", "it starts"))
    found = Troubles("mqtt://broker")
    for reason in (ended, starting, refused, starting, *[refused] * 3 * LASTING):
        found.begin(reason)
    assert [line.getMessage() for line in caplog.records] == [str(ended), str(refused)]
