"""What `minshan watch` shows: a table to a person, plain lines to everything else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from drivers.quantity import QUANTITIES
from edge.clock import SystemClock, system_utc
from provisioning import say
from provisioning.lines import rfc3339
from provisioning.say import _

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from edge.record import Record
    from edge.uplink.contract import Span
    from provisioning.receiver import Receiver

LATE = 180.0  # s: three minutes without a minute
REFRESH = 1.0  # s
SHOWN = 4  # values of a minute's line


class Screen(Protocol):
    """Where a receiver shows what it does."""

    def seen(self, station: str, record: Record) -> None:
        """A new record has come."""

    def tick(self, receiver: Receiver) -> None:
        """Some time has passed."""


@contextmanager
def screen(quiet: bool) -> Iterator[Screen]:
    """A table where a person looks, lines where a program reads, nothing where quiet is wished."""
    if quiet:
        yield Silence()
    elif sys.stdout.isatty():
        from rich.live import Live

        with Live(auto_refresh=False, screen=False) as live:
            yield Picture(live)
    else:
        yield Plain()


class Silence:
    """Shows nothing."""

    def seen(self, station: str, record: Record) -> None:
        """Nothing."""

    def tick(self, receiver: Receiver) -> None:
        """Nothing."""


class Plain:
    """A line a record."""

    def seen(self, station: str, record: Record) -> None:
        """The record in a line: station, time, kind, its first values."""
        when = rfc3339(record.start) if record.start is not None else f"({record.clock.source})"
        click.echo(f"{station} {when} {record.kind.value} {values(record)}".rstrip())

    def tick(self, receiver: Receiver) -> None:
        """Let a reader of a pipe see the lines."""
        sys.stdout.flush()


class Picture:
    """The table of stations."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._clock = SystemClock()
        self._next = 0.0

    def seen(self, station: str, record: Record) -> None:
        """The table shows the newest alone."""

    def tick(self, receiver: Receiver) -> None:
        """Draw anew once a second."""
        if self._clock.now() >= self._next:
            self._next = self._clock.now() + REFRESH
            self._live.update(table(receiver, system_utc()), refresh=True)


def table(receiver: Receiver, now: int) -> Table:
    """A row a station: its state, newest minute, what is late and what is missing."""
    from rich.table import Table

    state = say.phrase(receiver.trouble) if receiver.trouble else _("connected")
    drawn = Table(title=f"Minshan 岷山  {state}", title_justify="left", pad_edge=False)
    for head in (_("Station"), _("State"), _("Newest minute"), _("Late"), _("Records"), _("Missing"), ""):
        drawn.add_column(head)
    tally, ledger = receiver.tally, receiver.ledger
    for station in sorted({*ledger.stations(), *tally.states}):
        newest = tally.newest.get(station)
        silent = (now - tally.arrived[station]) / 1e6 if station in tally.arrived else None
        drawn.add_row(
            station,
            _(tally.states.get(station, "")) if station in tally.states else "–",
            "–" if newest is None else say.when(newest.start),
            say.duration(silent) if silent is not None and silent > LATE else "",
            str(ledger.count(station)),
            spans(ledger.missing(station)),
            "" if newest is None else values(newest),
        )
    return drawn


def spans(missing: list[Span]) -> str:
    """How many records are missing and in how many places."""
    count = sum(span.last - span.first + 1 for span in missing)
    return "" if not count else _("{n} in {places} places").format(n=count, places=len(missing))


def values(record: Record) -> str:
    """The first values of a minute with their units."""
    parts = []
    for channel, number in list(record.body.get("values", {}).items())[:SHOWN]:
        quantity = QUANTITIES.get(channel.partition(".")[0])
        shown = str(number) if quantity is None else say.value(number, quantity.decimals)
        parts.append(f"{channel}={shown}")
    return " ".join(parts)
