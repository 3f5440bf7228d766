"""The technician's token: who knows it may do a technician's work by the page, and nobody else anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.budget.budget import Budget, Terms
from edge.control.commands import KNOWN, Commands, Outcome, Permission, Principal
from edge.control.envelopes import by_socket
from edge.control.page_token import AT_ONCE, EACH_S
from edge.recorder.maintenance import Maintenance
from edge.records.bodies import Stage
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.store import Store

PAGE = Principal("socket", "uid 990", frozenset({Permission.READ}))
TECHNICIAN = Principal("socket", "uid 1000")
STAGE = {"ask": "stage", "crop": "apple", "stage": "full-bloom", "by": "Wang"}
TOKEN = "k7pm-3xqd-9wrt"


@pytest.fixture(name="parts")
def made(tmp_path: Path) -> Iterator[Any]:
    """Give what the commands need of a station."""
    clock = SimClock()
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    budget, config = (
        Budget(Terms(), clock, lambda: None),
        SimpleNamespace(camera=(), alert=(SimpleNamespace(crop="apple"),)),
    )
    rooms = {"uplink": None, "pictures": None, "inbox": clock.inbox(100), "kept": store, "horn": None}
    yield SimpleNamespace(clock=clock, budget=budget, config=config, **rooms)
    store.close()


def asked(commands: Commands, question: dict[str, Any], who: Principal = PAGE) -> str:
    """Ask. Return "done", or the code of why not."""
    told: list[Outcome] = []
    by_socket(commands, question, who, told.append)
    return told[-1].why.code if told[-1].why is not None else told[-1].state


def test_the_page_changes_nothing_but_with_the_token(parts: Any) -> None:
    """The page's process alone is refused; with the token it says a stage, in the technician's name, and no more."""
    commands = Commands(parts, KNOWN)
    assert asked(commands, STAGE) == "forbidden"
    assert asked(commands, {**STAGE, "token": TOKEN}) == "no_page_token"
    assert asked(commands, {"ask": "page-token", "new": TOKEN}) == "forbidden"
    assert asked(commands, {"ask": "page-token", "new": "short"}, TECHNICIAN) == "wrong_argument"
    assert asked(commands, {"ask": "page-token", "new": TOKEN}, TECHNICIAN) == "done"
    for wrong in ("", TOKEN[:-1], None, 7, [TOKEN]):
        assert asked(commands, {**STAGE, "token": wrong}) in ("wrong_page_token", "page_token_wait")
    parts.clock.run_until(10 * EACH_S)
    assert asked(commands, {**STAGE, "token": TOKEN.upper().replace("-", " ")}) == "done"
    assert parts.inbox.get(0.0) == Stage("apple", "full-bloom", "Wang", "page technician")
    for trusted in ({"ask": "page-token", "new": "another token"}, {"ask": "accept-ledger"}):
        assert asked(commands, {**trusted, "token": TOKEN}) == "forbidden"
    assert len(parts.inbox) == 0


def test_a_wrong_token_is_wrong_also_for_who_might_do_it_without(parts: Any) -> None:
    """A page that runs as somebody with all rights, as a demo's does, opens nothing to a wrong token."""
    commands = Commands(parts, KNOWN)
    asked(commands, {"ask": "page-token", "new": TOKEN}, TECHNICIAN)
    assert asked(commands, {"ask": "maintenance", "seconds": 60, "token": "wrong"}, TECHNICIAN) == "wrong_page_token"
    assert asked(commands, {"ask": "maintenance", "seconds": 60, "token": TOKEN}, TECHNICIAN) == "done"
    assert isinstance(parts.inbox.get(0.0), Maintenance)


def test_tokens_cannot_be_tried_one_after_another(parts: Any) -> None:
    """After five wrong ones even the right one waits; a minute later one more may be tried."""
    commands = Commands(parts, KNOWN)
    asked(commands, {"ask": "page-token", "new": TOKEN}, TECHNICIAN)
    tried = [asked(commands, {**STAGE, "token": f"wrong {n}"}) for n in range(AT_ONCE + 2)]
    assert tried == ["wrong_page_token"] * AT_ONCE + ["page_token_wait"] * 2
    assert asked(commands, {**STAGE, "token": TOKEN}) == "page_token_wait"
    parts.clock.run_until(EACH_S)
    assert asked(commands, {**STAGE, "token": TOKEN}) == "done"


def test_the_token_is_kept_nowhere(parts: Any, tmp_path: Path) -> None:
    """What lies on the card, and what is told of commands, holds a hash alone; another token takes its place."""
    commands = Commands(parts, KNOWN)
    for token in (TOKEN, "another-token"):
        asked(commands, {"ask": "page-token", "new": token}, TECHNICIAN)
        asked(commands, {**STAGE, "token": token})
    assert asked(Commands(parts, KNOWN), {**STAGE, "token": TOKEN}) == "wrong_page_token"
    kept = b"".join(file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    for token in (TOKEN, "another-token"):
        assert token.encode() not in kept and token.replace("-", "").encode() not in kept
