"""Which of its starts a station's hellos speak of: each of them costs mobile data, and a link that flaps says many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.records.spans import Span
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.rounds import FEW, Rounds
from edge.wire.contract import VERSION, Hello

UTC = 1_782_097_200_000_000


def started(folder: Path, epoch: str, proven: bool) -> None:
    """Start a station once, which keeps a minute; the platform has proven to have it, or the broker alone has it."""
    store = Store.open(folder, epoch=epoch, destinations=(PLATFORM,))
    body: dict[str, Any] = {"values": {}, "quality": {}, "reasons": {}}
    record = store.append(Draft(Kind.MINUTE, Stamp("b", 0.0), 60.0, UTC, ClockMark("ntp", 0.05), body))
    store.outbox.mark_sent([record], PLATFORM)
    if proven:
        store.outbox.prove([Span(epoch, record.seq, record.seq)], PLATFORM)
    store.close()


def said(rounds: Rounds) -> list[str]:
    """Say the next hello. Return the epochs that it speaks of."""

    def make(epochs: list[Span], unproven: list[Span]) -> Hello:
        return Hello(VERSION, "box", "nonce", epochs[-1].epoch, epochs, 100, unproven, 1, "ntp", "committed")

    page = rounds.page(make, None)
    assert page is not None
    return [span.epoch for span in page[0].epochs]


@pytest.mark.parametrize(("starts", "then"), [(FEW, range(FEW)), (FEW + 5, (3, FEW + 4))])
def test_between_two_whole_rounds_a_box_that_was_started_often_speaks_of_what_matters(
    starts: int, then: range | tuple[int, ...], tmp_path: Path
) -> None:
    """The first hello names every start; the next ones the newest and what is unproven, where they are many."""
    for number in range(starts):
        started(tmp_path, f"e{number}", proven=number != 3)
    store = Store.open(tmp_path, epoch="now", destinations=(PLATFORM,))
    rounds = Rounds(store, PLATFORM)
    assert said(rounds) == [f"e{number}" for number in range(starts)]
    assert said(rounds) == said(rounds) == [f"e{number}" for number in then]
    rounds.want_whole()
    assert said(rounds) == [f"e{number}" for number in range(starts)]
    store.close()
