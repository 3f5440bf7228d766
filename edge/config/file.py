"""Read station.toml: return a `Config`, or raise `ConfigError` with all mistakes at once."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from drivers.catalog import UnknownDriverError, find
from drivers.driver import DriverInfo
from drivers.paths import IS_FOLDER
from drivers.reason import Reason, system_reason
from drivers.refusals import REFUSALS
from drivers.toml_lines import TomlLines
from drivers.toml_mistakes import mistake_in
from edge.config.across import across, broker_complete, same_names
from edge.config.base import Section
from edge.config.delivery import CHANNELS
from edge.config.errors import (
    HUBS_FILE,
    NO_FILE,
    ConfigError,
    Mistake,
    explained,
    fields_of,
    telling,
    unknown_driver,
    unknown_key,
    value_for_people,
)
from edge.config.forward import FORWARDS
from edge.config.sections import BrokerSection, Config, SensorSection
from edge.config.slips import closer, decoded, wide_lines

COMMON = ("name", "driver", "primary", "height_m", "serial", "calibration", "rain_correction")
# Fields set by the loader, not keys of the file; a driver may have a key of the same name.
FILLED: dict[type[BaseModel], tuple[str, ...]] = {SensorSection: ("info", "settings"), Config: ("path", "digest")}
OF_KEY = "[key]"  # what pydantic appends to the location of a key that is itself wrong


class BrokerAlone(BaseModel):
    """The only part of a file that a receiver needs; it ignores all others."""

    model_config = ConfigDict(defer_build=True)

    broker: BrokerSection


class DraftConfig:
    """A file while it is checked: its tables, its lines, and the mistakes found so far."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = TomlLines(text)
        self.tables = self._parsed(text)
        self.mistakes: list[Mistake] = []

    def is_of(self, own: str, others: str, reason: Reason) -> None:
        """Raise ConfigError if the file lacks table `own` but has `others`: it is another program's file."""
        if others in self.tables and own not in self.tables:
            raise ConfigError([Mistake(self.file, None, "", "", reason)])

    def wrong(self, path: tuple[str | int, ...], reason: Reason) -> None:
        """Note a mistake at a path; if the path ends in OF_KEY, in the key itself and not in its value."""
        of_key = path[-1:] == (OF_KEY,)
        path = path[:-1] if of_key else path
        text = "" if of_key else self.lines.text(path)
        if len(path) > 2 and isinstance(path[-1], int):  # an entry of a list within a table: its value identifies it
            text, path = json.dumps(self.at(path), ensure_ascii=False, default=str), path[:-1]
        reason = closer(self.tables, path, text, reason)
        value = value_for_people(str(path[-1]) if path else "", text)
        self.mistakes.append(Mistake(self.file, self.lines.of(path), self.format_path(path), value, reason))

    def refused(
        self, path: tuple[str | int, ...], error: ValidationError, model: type[BaseModel], known: Iterable[str] = ()
    ) -> None:
        """Note pydantic's errors for the table at that path, except for the loader's own fields.

        `known`: the table's keys, if they are not those of the `model`.
        """
        meant: set[tuple[Any, ...]] = set()  # keys that are present under a misspelt name
        for one in sorted(telling(error.errors()), key=lambda one: one["type"] == "missing"):
            loc = tuple(one["loc"])
            if loc in meant or (loc and loc[0] in FILLED.get(model, ())):
                continue
            if one["type"] == "extra_forbidden":
                names = known if known and len(loc) == 1 else fields_of(model, loc)
                reason = unknown_key(str(loc[-1]), names)
                meant.add((*loc[:-1], reason.params.get("near")))
            else:
                reason = explained(dict(one), [step for step in (*path, *loc) if isinstance(step, str)])
            self.wrong((*path, *loc), reason)

    def at(self, path: tuple[str | int, ...]) -> Any:
        """Return the value at that path; None if there is none."""
        here: Any = self.tables
        for step in path:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def format_path(self, path: tuple[str | int, ...]) -> str:
        """Return the path as a person writes it: `site.latitude`, `sensor "air".address`, `sensor 2`."""
        if len(path) < 2 or not isinstance(path[1], int):
            return ".".join(map(as_key, path))
        name = self.at((path[0], path[1], "name"))
        first = f'{path[0]} "{name}"' if isinstance(name, str) else f"{path[0]} {path[1] + 1}"
        return ".".join([first, *map(as_key, path[2:])])

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError):  # ValueError also for a number of thousands of digits
            line, reason = mistake_in(text)
            wrong = Mistake(self.file, line, "", "", reason)
            wide = list(wide_lines(self.file, text))
            raise ConfigError(wide if wrong.line in {one.line for one in wide} else [wrong]) from None


def load(path: Path | str) -> Config:
    """Return the configuration in that file. Raise ConfigError, which names every mistake with its line."""
    raw = read(Path(path))
    text = decoded(str(path), raw)
    if isinstance(text, Mistake):
        raise ConfigError([text])
    return checked(str(path), text).model_copy(update={"path": str(path), "digest": hashlib.sha256(raw).hexdigest()})


def checked(file: str, text: str) -> Config:
    """Return the configuration of a text that is or will be in `file`. Raise ConfigError as `load` does."""
    draft = DraftConfig(file, text)
    draft.is_of("station", "database", HUBS_FILE)
    sensors = checked_sensors(draft)
    forward = of_kinds(draft, "forward", FORWARDS)
    channels = of_kinds(draft, "channel", CHANNELS)
    config = checked_sections(draft)
    across(draft.wrong, sensors, draft.tables)
    if config is None or draft.mistakes:
        raise ConfigError(sorted(draft.mistakes, key=lambda mistake: mistake.line or 0))
    found = tuple(sensor for sensor in sensors if sensor is not None)
    return config.model_copy(update={"sensor": found, "forward": tuple(forward), "channel": tuple(channels)})


def load_broker(path: Path) -> BrokerSection:
    """Return the [broker] of a station's or hub's file, or of one with nothing else. Raise ConfigError."""
    text = decoded(str(path), read(path))
    if isinstance(text, Mistake):
        raise ConfigError([text])
    draft = DraftConfig(str(path), text)
    try:
        found = BrokerAlone.model_validate_json(json.dumps(draft.tables, default=str), strict=True)
    except ValidationError as error:
        draft.refused((), error, BrokerAlone)
    broker_complete(draft.wrong, draft.tables.get("broker"))
    if draft.mistakes:
        raise ConfigError(draft.mistakes)
    return found.broker


def read(path: Path) -> bytes:
    """Return the file's bytes. Raise ConfigError if it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([Mistake(str(path), None, "", "", NO_FILE)]) from None
    except IsADirectoryError:
        raise ConfigError([Mistake(str(path), None, "", "", IS_FOLDER)]) from None
    except OSError as error:
        unread = Reason("file_unreadable", "the file cannot be read: {why}", why=system_reason(error))
        raise ConfigError([Mistake(str(path), None, "", "", unread)]) from None


def tables(draft: DraftConfig, key: str) -> list[dict[str, Any] | None]:
    """Return the tables `[[key]]` of the file, None for an entry that is not a table; [] if `key` is not a list."""
    found = draft.tables.get(key, [])
    if not isinstance(found, list):
        return []
    return [table if isinstance(table, dict) else None for table in found]


def checked_sections(draft: DraftConfig) -> Config | None:
    """Return all sections but sensors, destinations and channels; None, with the mistakes noted, if one is wrong."""
    known = [name for name in Config.model_fields if name not in FILLED[Config]]
    rest = {key: value for key, value in draft.tables.items() if key not in ("sensor", "forward", "channel")}
    for key in [key for key in rest if key in FILLED[Config]]:
        draft.wrong((key,), unknown_key(key, known))
        del rest[key]
    for key in ("sensor", "camera"):
        if not isinstance(draft.tables.get(key, []), list):
            draft.wrong((key,), not_tables(key))
            rest.pop(key, None)
    given = {name: field for name, field in Config.model_fields.items() if name in rest or field.is_required()}
    fields: dict[str, Any] = {name: (field.annotation, field) for name, field in given.items()}
    part = create_model("Config", __base__=Section, **fields)  # building the schema of all sections doubles the time
    try:
        found = part.model_validate_json(json.dumps(rest, default=str), strict=True)
    except ValidationError as error:
        draft.refused((), error, Config, known)
        return None
    return Config.model_construct(**dict(found))


def of_kinds(draft: DraftConfig, key: str, kinds: Mapping[str, type[Section]]) -> list[Any]:
    """Return the valid tables [[key]], each as the kind that it names; note the mistakes of the others."""
    if not isinstance(draft.tables.get(key, []), list):
        draft.wrong((key,), not_tables(key))
    found: list[Section] = []
    given = tables(draft, key)
    same_names(draft.wrong, key, [table.get("name") for table in given if table is not None])
    for place, table in enumerate(given):
        path = (key, place)
        kind = kinds.get(str((table or {}).get("kind")))
        if table is None:
            draft.wrong(path, not_tables(key))
        elif kind is None:
            reason = REFUSALS["literal_error"].having(expected=", ".join(kinds))
            draft.wrong((*path, "kind"), reason if "kind" in table else REFUSALS["missing"])
        else:
            try:
                found.append(kind.model_validate_json(json.dumps(table, default=str), strict=True))
            except ValidationError as error:
                draft.refused(path, error, kind)
    return found


def checked_sensors(draft: DraftConfig) -> list[SensorSection | None]:
    """Return the sensors in the file's order; None, with its mistakes noted, for one that is wrong."""
    return [checked_sensor(draft, ("sensor", place), table) for place, table in enumerate(tables(draft, "sensor"))]


def checked_sensor(draft: DraftConfig, path: tuple[str | int, ...], table: dict[str, Any] | None) -> Any:
    """Return one sensor's section; None, with its mistakes noted, if it is wrong."""
    if table is None:
        draft.wrong(path, not_tables("sensor"))
        return None
    before = len(draft.mistakes)
    info = driver_of(draft, path, table)
    settings = settings_of(draft, path, table, info) if info else None
    common = {key: value for key, value in table.items() if key in COMMON}
    if len(draft.mistakes) > before:  # a misspelt `driver` is not missing as well
        common.setdefault("driver", "")
    try:
        section = SensorSection.model_validate({**common, "info": info, "settings": settings})
    except ValidationError as error:
        draft.refused(path, error, SensorSection, COMMON)
        return None
    return section if len(draft.mistakes) == before else None


def driver_of(draft: DraftConfig, path: tuple[str | int, ...], table: dict[str, Any]) -> DriverInfo | None:
    """Return the catalog's entry for the table's driver; None, with the mistake noted, if there is none."""
    name = table.get("driver")
    if not isinstance(name, str):
        if name is None and (near := difflib.get_close_matches("driver", [key for key in table if key != "driver"])):
            draft.wrong((*path, near[0]), unknown_key(near[0], ["driver"]))
        return None
    try:
        return find(name)
    except UnknownDriverError as error:
        draft.wrong((*path, "driver"), unknown_driver(error))
        return None


def settings_of(
    draft: DraftConfig, path: tuple[str | int, ...], table: dict[str, Any], info: DriverInfo
) -> BaseModel | None:
    """Return the driver's settings from the table's other keys; None, with the mistakes noted, if they are wrong."""
    own = {key: value for key, value in table.items() if key not in COMMON}
    try:
        return settings_from(info, own)
    except ValidationError as error:
        draft.refused(path, error, info.settings, [*info.settings.model_fields, *COMMON])
        return None


def settings_from(info: DriverInfo, own: dict[str, Any]) -> BaseModel:
    """Return a driver's settings from the keys of a table, by JSON's strict rules. Raise ValidationError."""
    return info.settings.model_validate_json(json.dumps(own, default=str), strict=True)


def as_key(step: str | int) -> str:
    """Return a step of a path as in the file: in quotes unless it is a bare key."""
    return str(step) if re.fullmatch(r"[\w-]*", str(step), re.ASCII) else f'"{step}"'


def not_tables(key: str) -> Reason:
    """Return the reason for a value that is not a list of tables."""
    return Reason("not_tables", "must be tables of their own, each under a line [[{key}]]", key=key)
