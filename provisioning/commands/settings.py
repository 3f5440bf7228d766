"""A sensor as given on a command line: `DRIVER:key=value,key=value`, its values typed as its driver requires."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.wide_signs import narrowed
from edge.language.texts import _, render
from provisioning.commands.exits import CommandError, Exit

if TYPE_CHECKING:
    import click
    from pydantic import BaseModel

    from drivers.driver import DriverInfo

# Keys of a sensor's table that are no driver's (edge.config.sections.SensorSection), and their types.
COMMON: dict[str, type] = {"name": str, "primary": bool, "height_m": float, "serial": str, "calibration": str}


def driver_named(name: str) -> DriverInfo:
    """Return the driver of that name. Raise CommandError with its near miss where there is none."""
    from drivers.catalog import UnknownDriverError, find
    from edge.config.errors import unknown_driver

    try:
        return find(name)
    except UnknownDriverError as error:
        raise CommandError(Exit.CONFIG, unknown_driver(error)) from None


def drivers_for(_context: click.Context, _argument: click.Parameter, begun: str) -> list[str]:
    """Return the drivers for completing a word with the Tab key."""
    from drivers.catalog import catalog

    return [name for name in catalog() if name.startswith(begun)]


def split(spec: str) -> tuple[str, dict[str, str]]:
    """Split `DRIVER[:key=value,…]` into the driver's name and its keys; a piece without "=" continues the last value.

    The full-width ：，＝ of a Chinese keyboard are accepted too. Raise CommandError where another sign than a colon
    follows the driver.
    """
    name, _colon, rest = re.sub("：", ":", spec, count=1).partition(":")
    if found := re.fullmatch(r"([\w-]+)\s*[,，;；\s]\s*([^:]*[=＝].*)", spec):
        sentence = _('"{spec}": a colon belongs between the driver and its settings: {right}')
        raise CommandError(Exit.USAGE, sentence.format(spec=spec, right=":".join(found.groups())))
    return name.strip(), assigned([rest] if rest else [])


def assigned(words: Iterable[str]) -> dict[str, str]:
    """Return `key=value` and `key=value,key=value` words as a table. Raise CommandError for one without "="."""
    table = {}
    for pair in (pair for word in words for pair in pairs(word)):
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise CommandError(Exit.USAGE, _('"{pair}" must have the form key=value').format(pair=pair))
        table[key.strip()] = text.strip()
    return table


def pairs(word: str) -> list[str]:
    """Split `key=value,key=value`; a piece without "=" continues the last value. Full-width signs are accepted too."""
    found: list[str] = []
    for typed_so in re.split(r",|，(?=\s*\w+\s*[=＝：])", word):
        piece = typed_so if "=" in typed_so else re.sub("[＝：]", "=", typed_so, count=1)
        if "=" in piece or not found:
            found.append(piece)
        else:
            found[-1] += f",{piece}"
    return found


def typed(info: DriverInfo, texts: dict[str, str]) -> dict[str, Any]:
    """Return the texts as TOML values of the driver's keys (and a sensor's common ones): 0x76, true, 9600, text."""
    kinds = {**COMMON, **{key: field.annotation for key, field in info.settings.model_fields.items()}}
    return {key: text if kinds.get(key) is str else literal(narrowed(text)) for key, text in texts.items()}


def literal(text: str) -> Any:
    """Return a TOML value, or the text itself where it is none; 0X76, as a phone writes it, is 0x76."""
    text = re.sub(r"\A0X(?=[0-9A-Fa-f]+\Z)", "0x", text)
    if "\n" in text:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def settings(info: DriverInfo, table: dict[str, Any], words: Mapping[str, str] | None = None) -> BaseModel:
    """Return the driver's settings. Raise CommandError with one line for each key that is wrong.

    `words` are the values as they were typed.
    """
    from pydantic import ValidationError

    from edge.config.errors import explained, unknown_key
    from edge.config.file import settings_from
    from edge.config.slips import address

    shown = {**table, **(words or {})}
    try:
        return settings_from(info, table)
    except ValidationError as error:
        lines = []
        for one in error.errors():
            key = ".".join(str(part) for part in one["loc"])
            if one["type"] == "missing":
                words_of = getattr(info.settings.model_fields[key].annotation, "__args__", ())
                value = "|".join(word for word in words_of if isinstance(word, str)) or _("VALUE")
                sentence = _("{driver} needs {key}: add --set {key}={value}")
                lines.append(sentence.format(driver=info.name, key=key, value=value))
                continue
            unknown = one["type"] == "extra_forbidden"
            reason = unknown_key(key, info.settings.model_fields) if unknown else explained(dict(one), [key])
            if key == "address":
                reason = address(info.settings, str(shown.get(key, "")), reason)
            said = render(reason)
            value = f" = {shown[key]}" if key in shown else ""
            line = _("{place}: {sentence}")
            told = line.format(place=f"{key}{value}", sentence=said) if key else said
            lines.append(line.format(place=info.name, sentence=told))
        raise CommandError(Exit.CONFIG, "\n".join(lines)) from None


def sensor_table(spec: str, names: list[str]) -> dict[str, Any]:
    """Return a sensor's table from its word on the command line, and add its name to `names`, those taken."""
    driver, texts = split(spec)
    info = driver_named(driver)
    table = typed(info, texts)
    common = {key: table.pop(key) for key in COMMON if key in table}
    name = common.pop("name", None) or free_name(info, names)
    names.append(name)
    if str(table.get("profile", "")).endswith(".toml"):
        table["profile"] = str(Path(table["profile"]).absolute())  # the station starts in another folder
    settings(info, table, texts)  # a wrong key is named here by the driver's name: the file is not there yet
    return {"name": name, "driver": driver, **table, **common}


def free_name(info: DriverInfo, taken: list[str]) -> str:
    """Return the driver's name, with a number behind it where it is taken."""
    if info.name not in taken:
        return info.name
    return next(name for n in range(2, len(taken) + 3) if (name := f"{info.name}-{n}") not in taken)
