"""The demo's live table: readings, quality, store, uplink and pictures of a running station."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.language.texts import _
from edge.records.channel_name import ChannelName

LONGEST_TITLE = 28  # columns; the whole header then fits into 80
ON_THE_WAY = 5  # records whose receipt may still be under way, as each new one's is for an instant
COLOURS = {1: "green", 2: "cyan", 3: "yellow", 4: "red", 9: "red"}


def live_table(facts: dict[str, Any], speed: str, console: Console, height: int) -> RenderableType:
    """Draw a station's status (`edge.control.status.status`), at most `height` lines of that console."""
    above = Group(header(facts, speed), foot(facts))  # a low window cuts off the last rows only
    room = height - lines_of(console, above)
    whole = readings(facts)
    over = lines_of(console, whole) - room
    shown = len(whole.rows) - max(0, over)
    while over > 0 and shown > 1:  # a row may take more than one line
        part = readings(facts, shown)
        over = lines_of(console, part) + 1 - room
        if over <= 0:
            left = len(whole.rows) - shown
            more = texts.ngettext("… {n} more row in a higher window", "… {n} more rows in a higher window", left)
            return Group(above, part, Text(more.format(n=left), style="dim", no_wrap=True, overflow="ellipsis"))
        shown -= over
    return Group(above, whole)


def lines_of(console: Console, picture: RenderableType) -> int:
    """Count the lines that a picture takes on that console."""
    return len(console.render_lines(picture, pad=False))


def header(facts: dict[str, Any], speed: str) -> Text:
    """Draw station, its local time, how the time is known where it is not simulated, and how fast it runs."""
    title = Text(facts["title"] or facts["station"])
    title.truncate(LONGEST_TITLE, overflow="ellipsis")
    text = Text("岷山 Minshan  ", style="bold", no_wrap=True, overflow="ellipsis") + title
    told = [texts.when(facts["time"], facts["utc_offset_h"]), speed]
    if facts["clock"]["source"] != "sim":
        told.insert(1, f"({texts.clock_source(facts['clock']['source'])})")
    return text.append("   " + "   ".join(told), style="not bold dim")


def readings(facts: dict[str, Any], most: int | None = None) -> Table:
    """Return the last minute, a row a channel, `most` of them."""
    table = Table(expand=False, header_style="bold", pad_edge=False)
    table.add_column(_("Quantity"))
    table.add_column(_("Last minute"), justify="right")
    table.add_column(_("Unit"))
    table.add_column(_("Quality"))
    table.add_column(_("Why"), max_width=60)
    minute = facts["minute"]
    if minute is None:
        table.add_row(_("the first minute is being measured"), "", "", "", "")
        return table
    for channel, value in list(minute["values"].items())[:most]:
        flag = minute["quality"][channel]
        quantity = QUANTITIES[ChannelName.parse(channel).quantity]
        table.add_row(
            texts.label(channel),
            texts.value(value, quantity.decimals),
            texts.unit(quantity.unit),
            Text(texts.flag_word(flag), style=COLOURS.get(flag, "")),
            texts.said(minute.get("reasons", {}).get(channel)),
        )
    return table


def foot(facts: dict[str, Any]) -> Table:
    """Store, uplink and pictures, a line each."""
    table = Table.grid(padding=(0, 2))
    table.add_row(_("Stored"), stored(facts))
    table.add_row(_("Sending"), sending(facts))
    if facts["derived"]:
        table.add_row(_("Derived"), texts.derived(facts["derived"]))
    if facts["pictures"] is not None:
        table.add_row(_("Pictures"), pictures(facts["pictures"]))
    for sensor in facts["sensors"]:
        if sensor["down"]:
            table.add_row(Text(sensor["name"], style="red"), texts.in_full(sensor["down"]))
    return table


def stored(facts: dict[str, Any]) -> str:
    """Return how much is kept."""
    store = facts["store"]
    records = texts.ngettext("{n} record", "{n} records", store["next_seq"] - 1).format(n=store["next_seq"] - 1)
    trouble = f"  {texts.said(store['trouble'])}" if store["trouble"] else ""
    return f"{records}, {texts.size(store['bytes'])}{trouble}"


def sending(facts: dict[str, Any]) -> Text:
    """Return whether the link is up, and what is unsent since when."""
    uplink, store = facts["uplink"], facts["store"]
    if uplink is None:
        return Text(_("no broker is configured"))
    text = Text(_("connected"), style="green") if uplink["connected"] else Text(_("no connection"), style="red")
    if uplink.get("trouble"):
        text.append(f": {texts.said(uplink['trouble'])}", style="red")
    if store["unsent"]:
        since = texts.when(store["unsent_since"], facts["utc_offset_h"])
        text.append("   " + _("{n} unsent since {time}").format(n=store["unsent"], time=since), style="yellow")
    elif uplink.get("unproven", 0) > ON_THE_WAY:
        text.append("   " + _("{n} sent and not yet confirmed").format(n=uplink["unproven"]), style="yellow")
    else:
        text.append("   " + _("everything is sent"), style="not bold")
    return text


def pictures(facts: dict[str, Any]) -> Text:
    """Return how many pictures were taken, and how each camera fares."""
    text = Text(texts.ngettext("{n} picture", "{n} pictures", facts["taken"]).format(n=facts["taken"]))
    for name, camera in facts["cameras"].items():
        if camera["trouble"]:
            text.append(f"   {name}: {texts.happened(camera['trouble'])}", style="red")
    return text
