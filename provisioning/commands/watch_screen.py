"""What `minshan watch` shows: a table to a person, plain lines to everything else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from edge.clock.clock import SystemClock, system_utc
from edge.language import texts
from edge.language.texts import _, ngettext
from hub.intake import printable
from hub.jsonl import rfc3339
from hub.tally import is_unknown, values

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from edge.records.record import Record
    from edge.records.spans import Span
    from hub.receiver import Receiver

LATE = 180.0  # s: three minutes without a minute
REFRESH = 1.0  # s


class Screen(Protocol):
    """Where a receiver shows what it does."""

    def seen(self, station: str, record: Record) -> None:
        """Show a new record."""

    def tick(self, receiver: Receiver) -> None:
        """Bring the screen up to date after some time."""


@contextmanager
def screen(quiet: bool) -> Iterator[Screen]:
    """Show a table on a terminal, lines where a program reads, nothing where quiet is wished."""
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
        """Show nothing."""

    def tick(self, receiver: Receiver) -> None:
        """Show nothing."""


class Plain:
    """A line a record."""

    def seen(self, station: str, record: Record) -> None:
        """Print the record as a line: station, time, kind, its first values."""
        when = rfc3339(record.start) if record.start is not None else f"({printable(record.clock.source)})"
        kind = printable(record.kind)
        kind = _("unknown kind {kind}").format(kind=kind) if is_unknown(record) else kind
        click.echo(f"{station} {when} {kind} {values(record)}".rstrip())

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
        """Show nothing yet: the table shows the newest record alone."""

    def tick(self, receiver: Receiver) -> None:
        """Draw anew once a second."""
        if self._clock.now() >= self._next:
            self._next = self._clock.now() + REFRESH
            self._live.update(table(receiver, system_utc()), refresh=True)


def table(receiver: Receiver, now: int) -> Table:
    """Return a row a station: its state, newest minute, what is late and what is missing; below it what wants a look.

    What came from the network is text to the table, never its markup.
    """
    from rich.table import Table
    from rich.text import Text

    state = texts.phrase(receiver.trouble) if receiver.trouble else _("connected")
    drawn = Table(title=Text(f"Minshan 岷山  {state}"), title_justify="left", pad_edge=False, caption_justify="left")
    for head in (_("Station"), _("State"), _("Newest minute"), _("Late"), _("Records"), _("Missing"), ""):
        drawn.add_column(head)
    tally, ledger = receiver.tally, receiver.records.ledger
    for station in sorted({*ledger.stations(), *tally.states}):
        newest = tally.newest.get(station)
        silent = None if newest is None else (now - newest.arrived) / 1e6
        row = (
            station,
            state_of(tally.states.get(station)),
            "–" if newest is None else texts.when(newest.start),
            texts.duration(silent) if silent is not None and silent > LATE else "",
            str(ledger.count(station)),
            spans(ledger.missing(station)),
            "" if newest is None else newest.values,
        )
        drawn.add_row(*map(Text, row))
    if notes := [*unusual(receiver), *price(receiver)]:
        drawn.caption = Text("\n".join(notes))
    return drawn


def unusual(receiver: Receiver) -> list[str]:
    """Return what of the records wants a look, and what could not be handled."""
    tally, lines = receiver.tally, []
    if tally.unknown:
        said = ngettext(
            "{n} record of a newer station is kept as it came: unknown kind {kinds}",
            "{n} records of newer stations are kept as they came: unknown kind {kinds}",
            tally.unknown.total(),
        )
        kinds = _(", ").join(f"{kind} ({n})" for kind, n in tally.unknown.items())
        lines.append(said.format(n=tally.unknown.total(), kinds=kinds))
    if tally.others:
        said = ngettext(
            "{n} record came under a name that another one has; both are kept",
            "{n} records came under names that others have; both are kept",
            tally.others,
        )
        lines.append(said.format(n=tally.others))
    return [*lines, *set_aside(receiver)]


def set_aside(receiver: Receiver) -> list[str]:
    """Return how many messages could not be handled, where they are, and why the newest one could not."""
    tally, aside = receiver.tally, receiver.aside
    if not tally.aside:
        return []
    said = ngettext("{n} message could not be handled", "{n} messages could not be handled", tally.aside)
    line = said.format(n=tally.aside)
    if aside is None:
        return [line]
    lines = [_("{line}; see {folder}").format(line=line, folder=aside.folder)]
    return [*lines, f"  {aside.last}"] if aside.last else lines


def price(receiver: Receiver) -> list[str]:
    """Return what it costs that no receipts are given."""
    if receiver.receipts:
        return []
    return [_("No receipts are given: what the broker drops while nobody receives is lost.")]


def state_of(state: str | None) -> str:
    """Return the state that a station gave of itself, as a word."""
    known = {None: "–", "online": _("online"), "offline": _("offline")}
    return known[state] if state in known else printable(str(state))


def spans(missing: list[Span]) -> str:
    """Return how many records are missing and in how many places."""
    count = sum(span.last - span.first + 1 for span in missing)
    said = ngettext("{n} in {places} place", "{n} in {places} places", len(missing))
    return "" if not count else said.format(n=count, places=len(missing))
