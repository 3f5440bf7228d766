"""Reading station.toml: a `Config`, or `ConfigError` with everything that is wrong at once."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from drivers.catalog import UnknownDriverError, find
from drivers.driver import DriverInfo
from edge.config.across import across
from edge.config.errors import ConfigError, Mistake, explained, value_for_people
from edge.config.lines import Lines
from edge.config.sections import Config, SensorSection
from edge.config.slips import closer, decoded, wide_lines

COMMON = ("name", "driver", "primary", "height_m", "serial", "calibration", "rain_correction")
FILLED = ("info", "settings", "path", "digest")  # the loader's own fields, no keys of the file


class Draft:
    """A file while it is checked: its tables, its lines, and the mistakes found so far."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = Lines(text)
        self.tables = self._parsed(text)
        self.mistakes: list[Mistake] = []

    def wrong(self, path: tuple[str | int, ...], code: str, **params: Any) -> None:
        """Note a mistake at the key of that path."""
        text = self.lines.text(path)
        code, params = closer(self.tables, path, text, code, params)
        value = value_for_people(str(path[-1]) if path else "", text)
        self.mistakes.append(Mistake(self.file, self.lines.of(path), self.named(path), value, code, params))

    def refused(self, path: tuple[str | int, ...], error: ValidationError, known: Iterable[str]) -> None:
        """Note what pydantic refuses in the table at that path, but for the loader's own fields."""
        meant: set[tuple[Any, ...]] = set()  # keys that are there under a misspelt name
        for one in sorted(error.errors(), key=lambda one: one["type"] == "missing"):
            loc = tuple(one["loc"])
            if loc in meant or (loc and loc[0] in FILLED):
                continue
            code, params = explained(dict(one))
            if code == "extra_forbidden":
                code, params = unknown_key(str(loc[-1]), known if len(loc) == 1 else fields_of(loc))
                meant.add((*loc[:-1], params.get("near")))
            self.wrong((*path, *loc), code, **{"key": loc[-1] if loc else "", **params})

    def at(self, path: tuple[str | int, ...]) -> Any:
        """Return the value at that path; None where there is none."""
        here: Any = self.tables
        for step in path:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def named(self, path: tuple[str | int, ...]) -> str:
        """Return the path as a person writes it: `site.latitude`, `sensor "air".address`, `sensor 2`."""
        if len(path) < 2 or not isinstance(path[1], int):
            return ".".join(str(step) for step in path)
        name = self.at((path[0], path[1], "name"))
        first = f'{path[0]} "{name}"' if isinstance(name, str) else f"{path[0]} {path[1] + 1}"
        return ".".join([first, *(str(step) for step in path[2:])])

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            wrong = not_toml(self.file, text, str(error))
            wide = list(wide_lines(self.file, text))
            raise ConfigError(wide if wrong.line in {one.line for one in wide} else [wrong]) from None


def load(path: Path | str) -> Config:
    """Return the configuration in that file. Raise ConfigError, which names every mistake with its line."""
    raw = read(Path(path))
    text = decoded(str(path), raw)
    if isinstance(text, Mistake):
        raise ConfigError([text])
    draft = Draft(str(path), text)
    sensors = checked_sensors(draft)
    config = checked_sections(draft)
    across(draft.wrong, sensors, draft.tables)
    if config is None or draft.mistakes:
        raise ConfigError(sorted(draft.mistakes, key=lambda mistake: mistake.line or 0))
    found = tuple(sensor for sensor in sensors if sensor is not None)
    digest = hashlib.sha256(raw).hexdigest()
    return config.model_copy(update={"sensor": found, "path": str(path), "digest": digest})


def read(path: Path) -> bytes:
    """Return the file's bytes. Raise ConfigError where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([Mistake(str(path), None, "", "", "no_file")]) from None
    except IsADirectoryError:
        raise ConfigError([Mistake(str(path), None, "", "", "is_folder")]) from None
    except OSError as error:
        detail = {"detail": error.strerror or str(error)}
        raise ConfigError([Mistake(str(path), None, "", "", "unreadable", detail)]) from None


# How tomllib's own words begin: it has no codes, and a person at a station may read no English.
TOML_SAYS = {
    **dict.fromkeys(("Cannot overwrite", "Cannot declare", "Duplicate", "Cannot mutate"), "toml_twice"),
    **dict.fromkeys(("Invalid value", "Invalid date", "Invalid hex"), "toml_value"),
    "Expected newline or end of document": "toml_rest",
    **dict.fromkeys(("Invalid initial character", "Invalid statement", "Expected '='"), "toml_key"),
    **dict.fromkeys(("Unterminated string", "Illegal character", 'Expected "\'"'), "toml_quote"),
    **dict.fromkeys(("Unclosed array", "Unclosed inline", "Expected ']'"), "toml_bracket"),
}


def not_toml(file: str, text: str, said: str) -> Mistake:
    """Return the mistake of a TOML error, its line taken from tomllib's own words."""
    place = re.search(r"\(at line (\d+), column \d+\)", said)
    line = int(place[1]) if place else max(1, text.count("\n"))
    detail = re.sub(r"\s*\((at [^)]*)\)$", "", said)
    for begins, code in TOML_SAYS.items():
        if detail.startswith(begins):
            return Mistake(file, line, "", "", code)
    return Mistake(file, line, "", "", "not_toml", {"detail": detail})


def tables(draft: Draft, key: str) -> list[dict[str, Any] | None]:
    """Return the tables `[[key]]` of the file, None for one that is no table. Note a mistake where `key` is no list."""
    found = draft.tables.get(key, [])
    if not isinstance(found, list):
        return []
    return [table if isinstance(table, dict) else None for table in found]


def checked_sections(draft: Draft) -> Config | None:
    """Return everything but the sensors, as a Config without any; None (and mistakes noted) where it is wrong."""
    known = [name for name in Config.model_fields if name not in FILLED]
    rest = {key: value for key, value in draft.tables.items() if key != "sensor"}
    for key in [key for key in rest if key in FILLED]:
        draft.wrong((key,), *unknown_key(key, known)[:1], known=", ".join(known))
        del rest[key]
    for key in ("sensor", "camera"):
        if not isinstance(draft.tables.get(key, []), list):
            draft.wrong((key,), "not_tables", key=key)
            rest.pop(key, None)
    try:
        return Config.model_validate_json(json.dumps(rest, default=str), strict=True)
    except ValidationError as error:
        draft.refused((), error, known)
        return None


def checked_sensors(draft: Draft) -> list[SensorSection | None]:
    """Return the sensors in the file's order, None (and mistakes noted) for one that is wrong."""
    return [checked_sensor(draft, ("sensor", place), table) for place, table in enumerate(tables(draft, "sensor"))]


def checked_sensor(draft: Draft, path: tuple[str | int, ...], table: dict[str, Any] | None) -> Any:
    """Return one sensor's section; None (and mistakes noted) where it is wrong."""
    if table is None:
        draft.wrong(path, "not_tables", key="sensor")
        return None
    before = len(draft.mistakes)
    info = driver_of(draft, path, table)
    settings = settings_of(draft, path, table, info) if info else None
    common = {key: value for key, value in table.items() if key in COMMON}
    try:
        section = SensorSection.model_validate({**common, "info": info, "settings": settings})
    except ValidationError as error:
        draft.refused(path, error, COMMON)
        return None
    return section if len(draft.mistakes) == before else None


def driver_of(draft: Draft, path: tuple[str | int, ...], table: dict[str, Any]) -> DriverInfo | None:
    """Return the catalog's entry for the table's driver. Note a mistake and return None where no driver is so named."""
    name = table.get("driver")
    if not isinstance(name, str):
        return None
    try:
        return find(name)
    except UnknownDriverError as error:
        if error.broken:
            draft.wrong((*path, "driver"), "broken_driver", name=name, why=error.broken)
            return None
        near = difflib.get_close_matches(name, error.known, 1, 0.5)
        code = "driver_near" if near else "unknown_driver"
        draft.wrong((*path, "driver"), code, name=name, near=near[0] if near else "")
        return None


def settings_of(draft: Draft, path: tuple[str | int, ...], table: dict[str, Any], info: DriverInfo) -> BaseModel | None:
    """Return the driver's own settings from the table's other keys; None (and mistakes noted) where they are wrong."""
    own = {key: value for key, value in table.items() if key not in COMMON}
    try:
        return settings_from(info, own)
    except ValidationError as error:
        draft.refused(path, error, [*info.settings.model_fields, *COMMON])
        return None


def settings_from(info: DriverInfo, own: dict[str, Any]) -> BaseModel:
    """Return a driver's settings from the keys of a table. Raise ValidationError. JSON's strict rules are TOML's."""
    return info.settings.model_validate_json(json.dumps(own, default=str), strict=True)


def unknown_key(key: str, known: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """Return code and parameters for a key that is not known here: its near miss, or the keys there are."""
    names = list(known)
    near = difflib.get_close_matches(key, names, 1, 0.6)
    if near:
        return "did_you_mean", {"near": near[0]}
    return "extra_forbidden", {"known": ", ".join(names)}


def fields_of(loc: tuple[Any, ...]) -> list[str]:
    """Return the keys of the section that a location of `Config` lies in."""
    annotation: Any = Config.model_fields[str(loc[0])].annotation
    for kind in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return list(kind.model_fields)
    return []
