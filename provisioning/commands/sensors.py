"""`minshan sensors`: list the drivers; `read` a device, `decode` recorded bytes, `test` a driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.address import address
from provisioning.commands.decode import decode
from provisioning.commands.driver_test import test
from provisioning.commands.options import json_option, print_json
from provisioning.commands.read import read
from provisioning.commands.tips import tips
from provisioning.folding import page, say

if TYPE_CHECKING:
    from drivers.driver import DriverInfo


@click.group(invoke_without_command=True, help=_("List the drivers; read, decode or test one."))
@json_option()
@click.pass_context
def sensors(ctx: click.Context, as_json: bool) -> None:
    """Show the list if no subcommand is given."""
    if ctx.invoked_subcommand is None:
        print_drivers(as_json)


@sensors.command("list", help=_("List the drivers (as `minshan sensors` alone does)."))
@json_option()
@click.pass_context
def list_drivers(ctx: click.Context, as_json: bool) -> None:
    """Show the list."""
    print_drivers(as_json or bool(ctx.parent and ctx.parent.params["as_json"]))


def print_drivers(as_json: bool) -> None:
    """Print every driver, and on stderr those of other packages that do not load."""
    from drivers.catalog import broken, catalog

    for one in broken():
        sentence = _("{name} ({names}) of another package does not load and is left out: {why}")
        say("! " + sentence.format(name=one.name, names=one.names, why=one.why), err=True)
    described = [description(info) for info in catalog().values()]
    if as_json:
        print_json(described)
        return
    page(line for entry in described for line in rows(entry))


def rows(entry: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a driver: its name, its settings, and its profiles if it has any."""
    given = _(", ").join(texts.label(name) for name in entry["quantities"]) or _("what its profile says")
    yield f"{entry['name']} " + _(" ({word})").format(word=texts.bus(entry["bus"])) + f"  {given}"
    yield "    " + "  ".join(key_shown(key, entry["bus"]) for key in entry["settings"])
    for name, profile in entry["profiles"].items():
        given = _(", ").join(texts.label(quantity) for quantity in profile["quantities"])
        title, maker = profile["title"], profile["maker"]
        device = _("{title} ({maker})").format(title=_(title), maker=_(maker))
        yield f"      profile={name}  {given}  {device}"


def description(info: DriverInfo) -> dict[str, Any]:
    """Describe a driver for programs: name, bus, quantities under its defaults, settings, source."""
    schema = info.settings.model_json_schema()
    wanted = schema.get("required", [])
    keys = [
        {"key": key, "needed": key in wanted, "default": entry.get("default"), "type": entry.get("type", "")}
        for key, entry in schema["properties"].items()
    ]
    return {
        "name": info.name,
        "bus": info.bus,
        "quantities": quantities(info),
        "settings": keys,
        "source": info.source,
        "profiles": profiles() if "profile" in info.settings.model_fields else {},
    }


def profiles() -> dict[str, dict[str, Any]]:
    """Describe the built-in profiles of a driver that has them: of which device each is, and its quantities."""
    from drivers.devices.profiles import load, names

    found = {name: load(name) for name in names()}
    return {
        name: {
            "title": profile.title,
            "maker": profile.maker,
            "quantities": list(dict.fromkeys(e.quantity for e in profile.registers)),
        }
        for name, profile in found.items()
    }


def quantities(info: DriverInfo) -> list[str]:
    """Return the quantities that the driver can measure: with its defaults, and with each choice of a required key."""
    found: dict[str, None] = {}
    for chosen in choices(info):
        try:
            channels = info.channels(info.settings.model_construct(**chosen))
        except (AttributeError, ValueError):  # they depend on a key with any value (a profile)
            return []
        found.update((channel.quantity, None) for channel in channels)
    return list(found)


def choices(info: DriverInfo) -> list[dict[str, Any]]:
    """Return a table for each value of a required key with a few values; one empty table where there is no such key."""
    for key, field in info.settings.model_fields.items():
        words = getattr(field.annotation, "__args__", ())
        if field.is_required() and words and all(isinstance(word, str) for word in words):
            return [{key: word} for word in words]
    return [{}]


def key_shown(key: dict[str, Any], bus: str) -> str:
    """Return `key=default` as a person would write it, or that the key is required."""
    name, default = str(key["key"]), key["default"]
    if key["needed"]:
        return _("{key} (needed)").format(key=name)
    if default is None or default == []:
        return name
    if bus == "i2c" and name == "address":
        return f"{name}=0x{default:02x}"
    return f"{name}={texts.plain(default)}"


sensors.add_command(address)
sensors.add_command(decode)
sensors.add_command(read)
sensors.add_command(test)
sensors.add_command(tips)
