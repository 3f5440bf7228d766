"""The output of `minshan watch`: a table on a terminal, plain lines otherwise."""

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
from hub.tally import assignments, is_unknown, values
from provisioning.terminal import as_counted, can_redraw

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.text import Text

    from edge.records.record import Record
    from edge.records.spans import Span
    from hub.receiver import Receiver

LATE = 180.0  # s: three minutes without a minute
REFRESH = 1.0  # s
WIDE = 110  # columns from which on each station is a row
PAGE_TURNS = 4  # refreshes (4 s) for which a page stays


class Screen(Protocol):
    """The display of a receiver."""

    def seen(self, station: str, record: Record) -> None:
        """Show a new record."""

    def tick(self, receiver: Receiver) -> None:
        """Refresh the display where it is due."""


@contextmanager
def screen(quiet: bool) -> Iterator[Screen]:
    """Show a table on a terminal, lines in a pipe or on a plain terminal, nothing with `quiet`."""
    if quiet:
        yield NoScreen()
    elif can_redraw():
        from rich.live import Live

        with Live(auto_refresh=False, screen=False) as live:
            yield StationsTable(live)
    else:
        yield Plain()


class NoScreen:
    """Shows nothing."""

    def seen(self, station: str, record: Record) -> None:
        """Show nothing."""

    def tick(self, receiver: Receiver) -> None:
        """Show nothing."""


def record_line(station: str, record: Record) -> str:
    """Return a record as a line for a program: station, time, kind, and of a minute each channel's value."""
    when = rfc3339(record.start) if record.start is not None else f"({printable(record.clock.source)})"
    kind = printable(record.kind)
    kind = _("unknown kind {kind}").format(kind=kind) if is_unknown(record) else kind
    return " ".join([station, when, kind, *assignments(record)])


class Plain:
    """Prints a line for each record."""

    def seen(self, station: str, record: Record) -> None:
        """Print the record."""
        click.echo(record_line(station, record))

    def tick(self, receiver: Receiver) -> None:
        """Flush the lines to a reader of a pipe."""
        sys.stdout.flush()


class StationsTable:
    """The table of stations."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._clock = SystemClock()
        self._next = 0.0
        self._turn = 0
        self._changes: dict[str, tuple[str, float | None]] = {}  # station -> its state, when it was seen to change

    def seen(self, station: str, record: Record) -> None:
        """Do nothing: the table shows only the newest record."""

    def tick(self, receiver: Receiver) -> None:
        """Redraw the table once a second."""
        if self._clock.now() >= self._next:
            self._next = self._clock.now() + REFRESH
            self._turn += 1
            drawn = table(receiver, system_utc(), self._live.console.width, self._lasting(receiver.tally.states))
            self._live.update(self._page(drawn), refresh=True)

    def _lasting(self, states: dict[str, str]) -> dict[str, float]:
        """Return for each station how long (s) its state has lasted, where its change was seen."""
        now = self._clock.now()
        for station, state in states.items():
            before = self._changes.get(station)
            if before is None or before[0] != state:
                self._changes[station] = (state, None if before is None else now)
        return {station: now - since for station, (_state, since) in self._changes.items() if since is not None}

    def _page(self, drawn: RenderableType) -> RenderableType:
        """Return as many rows as fit into the window, in turns, and how to stop."""
        from rich.console import Group
        from rich.text import Text

        end = Text(_("Ctrl-C stops it"), style="dim")
        lines = self._live.console.render_lines(drawn, pad=False)
        room = max(1, self._live.console.height - 2)  # for the end, and for the cursor
        if len(lines) <= room:
            return Group(drawn, end)
        first = (self._turn // PAGE_TURNS % -(-len(lines) // room)) * room
        shown = [Text.assemble(*((part.text, part.style or "") for part in line)) for line in lines[first:][:room]]
        return Group(*shown, end)


def table(receiver: Receiver, now: int, width: int = WIDE, lasting: dict[str, float] | None = None) -> RenderableType:
    """Return a table of stations: state, newest minute, its age, and what was not received.

    The state of the connection is above it, warnings below, both as wide as the window. In a narrow window a station
    takes several lines, so that nothing is cut off. `lasting`: how long (s) a state has lasted. Data from the network
    is shown as text, never interpreted as markup.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    lasting = lasting or {}
    state = texts.render(receiver.troubles.reason) if receiver.troubles.reason else _("connected")
    title = Text(as_counted(f"Minshan 岷山  {state}"), style="italic")
    drawn = Table(pad_edge=False)
    heads = (_("Station"), _("State"), _("Newest minute"), _("Age"), _("Records"), _("Not received"), _("Values"))
    for head in heads if width >= WIDE else (_("Stations"),):
        drawn.add_column(head, overflow="fold")
    tally, ledger = receiver.tally, receiver.records.ledger
    for station in sorted({*ledger.stations(), *tally.states}):
        newest = tally.newest.get(station)
        silent = None if newest is None else (now - newest.arrived) / 1e6
        late = silent is not None and silent > LATE
        away = tally.states.get(station) == "offline"
        row = [
            Text(station, style="bold"),
            Text(as_counted(state_of(tally.states.get(station), lasting.get(station))), style="red" if away else ""),
            Text(as_counted("–" if newest is None else texts.when(newest.record.start))),
            Text("" if silent is None else texts.duration(silent), style="red" if late else ""),
            Text(str(ledger.count(station))),
            Text(spans(ledger.missing(station)), style="yellow"),
            Text("" if newest is None else as_counted(values(newest.record)), style="dim" if late or away else ""),
        ]
        if width >= WIDE:
            drawn.add_row(*row)
        else:
            drawn.add_row(block(row, heads))
    notes = [Text(as_counted(note), style="dim italic") for note in (*unusual(receiver), *price(receiver))]
    return Group(title, drawn, *notes)


def unusual(receiver: Receiver) -> list[str]:
    """Return warnings about records, and about messages that could not be handled."""
    tally, lines = receiver.tally, []
    if tally.unknown:
        sentence = ngettext(
            "{n} record of a newer station is kept as it came: unknown kind {kinds}",
            "{n} records of newer stations are kept as they came: unknown kind {kinds}",
            tally.unknown.total(),
        )
        kinds = _(", ").join(f"{kind} ({n})" for kind, n in tally.unknown.items())
        lines.append(sentence.format(n=tally.unknown.total(), kinds=kinds))
    if tally.others:
        sentence = ngettext(
            "{n} record came under the ID of another one; both are kept",
            "{n} records came under the IDs of others; both are kept",
            tally.others,
        )
        lines.append(sentence.format(n=tally.others))
    overlap = _(
        "minutes overlap others: a second box sends in this station's name (was a card copied?), "
        "or times are still to be corrected"
    )
    two = _("two boxes send in this station's name (was a card copied?): give each its own id in [station]")
    for station in tally.doubled():
        sentence = two if station in tally.two_boxes() else overlap
        lines.append(_("{place}: {sentence}").format(place=station, sentence=sentence))
    return [*lines, *set_aside(receiver)]


def set_aside(receiver: Receiver) -> list[str]:
    """Return how many messages could not be handled, where they are, and why the newest one could not."""
    tally, aside = receiver.tally, receiver.aside
    if not tally.aside:
        return []
    sentence = ngettext("{n} message could not be handled", "{n} messages could not be handled", tally.aside)
    line = sentence.format(n=tally.aside)
    if aside is None:
        return [line]
    lines = [_("{line}; see {folder}").format(line=line, folder=aside.folder)]
    return [*lines, f"  {texts.render(aside.last)}"] if aside.last else lines


def price(receiver: Receiver) -> list[str]:
    """Return the warning about receipts not being sent."""
    if receiver.receipts:
        return []
    return [_("No receipts are sent: what the broker drops while there is no receiver is lost.")]


def block(row: list[Text], heads: tuple[str, ...]) -> RenderableType:
    """Return a station's cells below each other, with the columns' heads before them."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    station, state, minute, age, records, missing, values = row
    lines = [Text.assemble(f"{heads[2]} ", minute), Text.assemble(f"{heads[4]} ", records)]
    if age.plain:
        lines[0].append_text(Text.assemble("  ", f"{heads[3]} ", age))
    if missing.plain:
        lines[1].append_text(Text.assemble("  ", f"{heads[5]} ", missing))
    if values.plain:
        lines.append(values)
    return Group(Text("  ").join((station, state)), Padding(Text("\n").join(lines), (0, 0, 0, 2)))


def state_of(state: str | None, lasts: float | None = None) -> str:
    """Return a station's reported state in a word, and how long (s) it has lasted."""
    known = {None: "–", "online": _("online"), "offline": _("offline")}
    word = known[state] if state in known else printable(str(state))
    return word if lasts is None else _("{state} for {time}").format(state=word, time=texts.duration(lasts))


def spans(missing: list[Span]) -> str:
    """Return how many records are missing and in how many places."""
    count = sum(span.last - span.first + 1 for span in missing)
    sentence = ngettext("{n} in {places} place", "{n} in {places} places", len(missing))
    return "" if not count else sentence.format(n=count, places=len(missing))
