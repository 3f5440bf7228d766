"""The demo's live table: readings, quality, store, uplink and pictures of a running station."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from drivers.quantity import QUANTITIES
from provisioning import say
from provisioning.say import _

COLOURS = {1: "green", 2: "cyan", 3: "yellow", 4: "red", 9: "red"}


def live_table(facts: dict[str, Any], speed: str) -> RenderableType:
    """The picture of a station's status (`edge.status.status`)."""
    return Group(header(facts, speed), foot(facts), readings(facts))  # a low window cuts off the last rows only


def header(facts: dict[str, Any], speed: str) -> Text:
    """Who and when: station, its local time, how the time is known, how fast it runs."""
    text = Text(f"岷山 Minshan  {facts['title'] or facts['station']}", style="bold")
    now = say.when(facts["time"], facts["utc_offset_h"])
    text.append(f"   {now}  ({say.clock_source(facts['clock']['source'])})   {speed}", style="not bold dim")
    return text


def readings(facts: dict[str, Any]) -> Table:
    """The last minute, a row a channel."""
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
    for channel, value in minute["values"].items():
        flag = minute["quality"][channel]
        quantity = QUANTITIES[channel.partition(".")[0]]
        table.add_row(
            say.label(channel),
            say.value(value, quantity.decimals),
            say.unit(quantity.unit),
            Text(say.flag_word(flag), style=COLOURS.get(flag, "")),
            say.phrase(minute.get("reasons", {}).get(channel, "")),
        )
    return table


def foot(facts: dict[str, Any]) -> Table:
    """Store, uplink and pictures, a line each."""
    table = Table.grid(padding=(0, 2))
    table.add_row(_("Stored"), stored(facts))
    table.add_row(_("Sending"), sending(facts))
    if facts["pictures"] is not None:
        table.add_row(_("Pictures"), pictures(facts["pictures"]))
    for sensor in facts["sensors"]:
        if sensor["down"]:
            table.add_row(Text(sensor["name"], style="red"), say.phrase(sensor["down"]))
    return table


def stored(facts: dict[str, Any]) -> str:
    """How much is kept."""
    store = facts["store"]
    records = say.ngettext("{n} record", "{n} records", store["next_seq"] - 1).format(n=store["next_seq"] - 1)
    trouble = f"  {say.phrase(store['trouble'])}" if store["trouble"] else ""
    return f"{records}, {say.size(store['bytes'])}{trouble}"


def sending(facts: dict[str, Any]) -> Text:
    """Whether the link is up, and what is unsent since when."""
    uplink, store = facts["uplink"], facts["store"]
    if uplink is None:
        return Text(_("no broker is configured"))
    text = Text(_("connected"), style="green") if uplink["connected"] else Text(_("no connection"), style="red")
    if uplink.get("trouble"):
        text.append(f": {say.phrase(uplink['trouble'])}", style="red")
    if store["unsent"]:
        since = say.when(store["unsent_since"], facts["utc_offset_h"])
        text.append("   " + _("{n} unsent since {time}").format(n=store["unsent"], time=since), style="yellow")
    else:
        text.append("   " + _("everything is sent"), style="not bold")
    return text


def pictures(facts: dict[str, Any]) -> Text:
    """How many pictures were taken, and how each camera fares."""
    text = Text(say.ngettext("{n} picture", "{n} pictures", facts["taken"]).format(n=facts["taken"]))
    for name, camera in facts["cameras"].items():
        if camera["trouble"]:
            text.append(f"   {name}: {say.phrase(camera['text'] or camera['trouble'])}", style="red")
    return text
