"""The demo's live table: readings, quality, store, uplink and pictures of a running station."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.language.silent_sensors import bus_of, names, silences
from edge.language.texts import _
from edge.records.channel_name import ChannelName
from edge.snapshots import MinuteStatus, PicturesSnapshot, StationStatus
from provisioning.commands.alert_lines import alert_lines
from provisioning.folding import columns_of, fold
from provisioning.terminal import as_counted

LONGEST_TITLE = 28  # columns, so that the header fits into 80
NARROW = 60  # columns below which there are no columns of units and reasons
NAME = 18  # columns of a name then
REASON, BESIDE = 60, 40  # columns of a reason at most, and of the columns between name and reason
ON_THE_WAY = 25  # records that may be unconfirmed: receipts are combined for a quarter of an hour
COLOURS = {1: "green", 2: "cyan", 3: "yellow", 4: "red", 9: "red"}


def live_table(facts: StationStatus, speed: str, console: Console, height: int, turn: int = 0) -> RenderableType:
    """Draw a station's status (`edge.control.status.status`), at most `height` lines of that console.

    Rows that do not fit are shown on further pages; `turn` counts the pages shown so far.
    """
    above = Group(header(facts, speed, console.width), foot(facts, console.width))
    room = height - lines_of(console, above)
    width = console.width
    channels = list(facts.minute.values) if facts.minute is not None else []
    pages = paged(facts, channels, console, room)
    if len(pages) == 1:
        return Group(above, readings(facts, channels, width))
    page = pages[turn % len(pages)]
    where = _("{first}–{last} of {n} rows; the next ones follow").format(
        first=channels.index(page[0]) + 1, last=channels.index(page[-1]) + 1, n=len(channels)
    )
    below = Text(as_counted(where), style="dim", no_wrap=True, overflow="ellipsis")
    return Group(above, readings(facts, page, width), below)


def paged(facts: StationStatus, channels: list[str], console: Console, room: int) -> list[list[str]]:
    """Return the channels in pages of at most `room` lines each, with the table's frame; one page where all fit."""
    width = console.width
    if lines_of(console, readings(facts, channels, width)) <= room:
        return [channels]
    frame = lines_of(console, readings(facts, channels[:1], width)) - 1
    pages: list[list[str]] = [[]]
    for channel in channels:  # a row may take more than one line
        longer = [*pages[-1], channel]
        if pages[-1] and lines_of(console, readings(facts, longer, width)) + 1 > max(room, frame + 2):
            pages.append([channel])
        else:
            pages[-1] = longer
    return pages


def lines_of(console: Console, picture: RenderableType) -> int:
    """Count the lines that a picture takes on that console."""
    return len(console.render_lines(picture, pad=False))


def header(facts: StationStatus, speed: str, width: int) -> Text:
    """Draw the station, its local time, the source of the time unless simulated, and the speed."""
    title = Text(as_counted(facts.title or facts.station))
    title.truncate(LONGEST_TITLE, overflow="ellipsis")
    text = Text("岷山 Minshan  ", style="bold") + title
    parts = [texts.when(facts.time, facts.utc_offset_h), speed]
    if facts.clock.source != "sim":
        parts.insert(1, _(" ({word})").format(word=texts.clock_source(facts.clock.source)).strip())
    behind = as_counted("   " + "   ".join(parts))
    if text.cell_len + cell_len(behind) > width:
        behind = "\n" + behind.strip()
    return text.append(behind, style="not bold dim")


def readings(facts: StationStatus, channels: list[str], width: int) -> Table:
    """Return a table of these channels of the last minute.

    No name is cut off. The column of reasons is left out if there are none; on a narrow screen the unit follows the
    value, and a reason is below the name.
    """
    minute = facts.minute
    if minute is None:
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column(_("Last minute"))
        table.add_row(_("the first minute is being measured"))
        return table
    narrow, columns = width < NARROW, name_columns(minute, width)
    reasons = {} if narrow else {channel: reason_of(minute, channel) for channel in channels}
    table = Table(box=SIMPLE_HEAD, show_edge=False, expand=False, header_style="bold", pad_edge=False)
    table.add_column(_("Quantity"), overflow="fold")
    table.add_column(_("Last minute"), justify="right", overflow="fold")
    if not narrow:
        table.add_column(_("Unit"), no_wrap=True)
    table.add_column(_("Quality"), no_wrap=True)
    if any(reasons.values()):
        table.add_column(_("Why"), overflow="fold", max_width=REASON)
    for channel in channels:
        table.add_row(*row(minute, channel, narrow, columns), *([reasons[channel]] if any(reasons.values()) else []))
    return table


def name_columns(minute: MinuteStatus, width: int) -> int:
    """Return the columns for a name beside the longest reason of the minute, the same on each page."""
    if width < NARROW:
        return NAME
    widest = max((columns_of(reason_of(minute, channel)) for channel in minute.values), default=0)
    return max(NAME, min(NARROW, width - BESIDE - min(widest, REASON)))


def row(minute: MinuteStatus, channel: str, narrow: bool, columns: int) -> list[RenderableType]:
    """Return the cells of a channel; its name is folded to so many columns."""
    flag = minute.quality[channel]
    quantity = QUANTITIES[ChannelName.parse(channel).quantity]
    value = minute.values[channel]
    text = as_counted(texts.amount(channel, value, quantity.unit))
    word = Text(texts.flag_word(flag), style=COLOURS.get(flag, ""))
    name = Text(as_counted(fold(texts.label(channel), columns)))
    if not narrow:
        of_none = as_counted(texts.unit(quantity.unit))
        number, _blank, unit = text.partition(" ") if value is not None else (text, "", of_none)
        return [name, number, unit, word]
    if reason := reason_of(minute, channel):
        name.append(f"\n  {reason}", style="dim")
    return [name, text, word]


def reason_of(minute: MinuteStatus, channel: str) -> str:
    """Return why a channel's value is in doubt or missing; "" where it is good."""
    return as_counted(texts.render_value(minute.reasons.get(channel)))


def foot(facts: StationStatus, width: int) -> Table:
    """Return the lines of store, uplink, derived values, pictures, alerts and silent sensors."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(_("Stored"), as_counted(stored(facts)))
    table.add_row(_("Sending"), sending(facts))
    if facts.derived:
        room = width - max(columns_of(head) for head in (_("Stored"), _("Sending"), _("Derived"), _("Pictures"))) - 2
        table.add_row(_("Derived"), as_counted(fold(texts.derived(facts.derived), room)))
    if facts.pictures is not None:
        table.add_row(_("Pictures"), pictures(facts.pictures))
    for line in alert_lines(facts.alerts):
        table.add_row(Text(_("Alert"), style="bold red"), as_counted(line))
    for group, reason in silences(facts.sensors):
        sentence = _("{names}: {reason}").format(names=names(group), reason=reason) if group[1:] else reason
        place = bus_of(group[0]) if group[1:] else group[0].name
        table.add_row(Text(as_counted(place), style="red"), as_counted(sentence))
    return table


def stored(facts: StationStatus) -> str:
    """Return how much is stored."""
    store = facts.store
    records = texts.ngettext("{n} record", "{n} records", store.next_seq - 1).format(n=store.next_seq - 1)
    trouble = "" if store.trouble is None else f"  {texts.render(store.trouble)}"
    return _(", ").join((records, texts.size(store.bytes))) + trouble


def sending(facts: StationStatus) -> Text:
    """Return the state of the link, and what is unsent since when."""
    uplink, store = facts.uplink, facts.store
    if uplink is None:
        return Text(_("no broker is configured"))
    text = Text(_("connected"), style="green") if uplink.connected else Text(_("no connection"), style="red")
    if uplink.trouble is not None:
        text.append(as_counted(_(": {why}").format(why=texts.render(uplink.trouble))), style="red")
    if store.unsent:
        since = texts.when(store.unsent_since, facts.utc_offset_h)
        text.append("   " + _("{n} unsent since {time}").format(n=store.unsent, time=since), style="yellow")
    elif uplink.unproven > ON_THE_WAY:
        text.append("   " + _("{n} sent and not yet confirmed").format(n=uplink.unproven), style="yellow")
    else:
        text.append("   " + _("everything is sent"), style="not bold")
    return text


def pictures(found: PicturesSnapshot) -> Text:
    """Return how many pictures were taken, and the cameras' faults."""
    text = Text(str(found.taken))
    for name, camera in found.cameras.items():
        if camera.trouble is not None:
            sentence = _("{place}: {sentence}").format(place=name, sentence=texts.happened(camera.trouble))
            text.append(as_counted("   " + sentence), style="red")
    return text
