"""The mistakes in a station.toml: a place in the file, and a reason that says what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel

from drivers.catalog import UnknownDriverError
from drivers.reason import Reason
from drivers.refusals import LIST_OF_TABLES, refusal
from edge.config.base import (
    BROKER_URL,
    FINGERPRINT,
    HEADER_NAME,
    HOUR_MINUTE,
    HTTP_URL,
    HUB_NAME,
    MAIL_ADDRESS,
    MAIL_URL,
    MONTH_DAY,
    NAME,
    PHONE,
    PUBLIC_URL,
)
from edge.records.people import PERSON

BAD_BROKER = Reason("bad_broker", "must be an address such as mqtt://host:1883 or mqtts://host:8883")
BAD_PORT = Reason("bad_port", "the port after the host's : must be from 1 to 65535")
BAD_HTTP_URL = Reason("bad_http_url", "must be an address such as https://host/path")
BAD_MAIL_URL = Reason("bad_mail_url", "must be an address such as smtps://user@host:465 or smtp://host:25")
BOTH_PASSWORDS = Reason("two_passwords", "give this or password_file, not both")
BAD_NAME = Reason("bad_name", "must be 1 to 32 lower-case letters, digits or hyphens, beginning with a letter or digit")
BAD_FINGERPRINT = Reason(
    "bad_fingerprint", "must be the SHA-256 fingerprint of the camera's certificate: 64 digits 0-9 and a-f"
)
FORMS = {
    BROKER_URL: BAD_BROKER,
    HTTP_URL: BAD_HTTP_URL,
    NAME: BAD_NAME,
    FINGERPRINT: BAD_FINGERPRINT,
    HOUR_MINUTE: Reason("bad_hour", "must be a time of day such as 06:30, from 00:00 to 23:59"),
    MONTH_DAY: Reason("bad_day_of_year", "must be a day of the year such as 04-15, month first"),
    PERSON: Reason("bad_person", "must be 1 to 64 letters or digits, with · . _ or - inside and no spaces"),
    PHONE: Reason("bad_phone", "must be all digits, such as 13800000000 or +8613800000000; a Chinese mobile has 11"),
    MAIL_ADDRESS: Reason("bad_mail_address", "must be an e-mail address, such as name@example.cn"),
    MAIL_URL: BAD_MAIL_URL,
    HEADER_NAME: Reason("bad_header", "must be 1 to 64 letters A-Z, digits or hyphens, such as X-Token"),
    HUB_NAME: Reason("bad_hub_name", "must be at most 32 letters A-Z, digits or hyphens"),
    PUBLIC_URL: Reason("bad_public_url", "must be an address without a path, such as https://hub.example.cn"),
}  # of a text, by its pattern
SPANS = {
    "season": Reason("bad_season", 'must be two days of the year, such as ["03-01", "05-31"]'),
    "hours": Reason("bad_hours", 'must be two times of day, such as ["22:00", "06:30"]'),
}  # of a list of two, by its key
HUBS_FILE = Reason("hubs_file", "this is the file of a hub: name that of a station")
STATIONS_FILE = Reason("stations_file", "this is the file of a station: name that of a hub")
NO_FILE = Reason("no_file", "the file is not there")


class Mistake(msgspec.Struct, frozen=True):
    """One mistake: where it is, the text there, and what is wrong with it.

    `line` counts from 1; None if the mistake has no place in the text (the file does not exist). `key` is dotted, a
    sensor's is `sensor "air".address`; "" for the file as a whole. `value`: the text at that place, "" for none.
    """

    file: str
    line: int | None
    key: str
    value: str
    reason: Reason

    @property
    def where(self) -> str:
        """File and line, as `station.toml:12`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    @property
    def named(self) -> str:
        """The key and its value, as `sensor "air".address = "0x76"`; "" for the file as a whole."""
        key = self.key if len(self.key) <= 150 else self.key[:147] + "..."
        return f"{key} = {self.value}" if key and self.value else key

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.where, self.named, str(self.reason))))


class ConfigError(Exception):
    """A station cannot start with this file: all its mistakes, in the order of its lines."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


def value_for_people(key: str, text: str) -> str:
    """Return a value's text for people: shortened if it is long, and without any password."""
    is_path = key != "password" and ("/" in text or not text.strip('"'))
    if key.startswith("password") and not is_path:  # people write the password in place of its file's name
        return ""
    masked = re.sub(r"//.*@", "//...@", text)  # a password may contain any character
    return masked if len(masked) <= 60 else masked[:57] + "..."


def telling(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return pydantic's errors without those that follow from others.

    A list whose entries are wrong is not too short as well, and a span that lacks a part is reported once.
    """
    every = list(errors)
    within = {tuple(one["loc"])[:-1] for one in every}
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in every:
        place = tuple(one["loc"])
        if one["type"] == "missing" and len(place) > 1 and place[-2] in SPANS:
            place = place[:-1]
        if one["type"] != "too_short" or place not in within:
            found.setdefault((one["type"], *place), {**one, "loc": place})
    return list(found.values())


def explained(error: Mapping[str, Any], keys: Sequence[str]) -> Reason:
    """Return the reason for one of pydantic's errors; `keys`: the path to the key, without list indices."""
    key = ".".join(keys)
    if error["type"] == "tuple_type" and isinstance(error.get("input"), dict) and len(keys) == 1:
        return LIST_OF_TABLES.having(key=key)
    if error["type"] in ("tuple_type", "missing", "too_long") and keys and keys[-1] in SPANS:
        return SPANS[keys[-1]]
    if error["type"] == "missing" and len(keys) == 1:
        return Reason("missing_table", "the table [{key}] is missing", key=key)
    pattern = dict(error.get("ctx") or {}).get("pattern")
    return FORMS[pattern] if pattern in FORMS else refusal(error, key)


def unknown_key(key: str, known: Iterable[str]) -> Reason:
    """Return the reason for an unknown key, with a similar known one (`near`) or all known ones."""
    names = list(known)
    near = difflib.get_close_matches(key.lower(), names, 1, 0.6)
    if near:
        return Reason("did_you_mean", 'unknown key; did you mean "{near}"?', near=near[0])
    return Reason("extra_forbidden", "unknown key; the keys here are {known}", known=", ".join(names))


def unknown_driver(error: UnknownDriverError) -> Reason:
    """Return why there is no driver of that name: it fails to load, is misspelt, is a product's name, or is unknown."""
    name = error.name
    if error.broken:
        return Reason(
            "broken_driver", 'the driver "{name}" is installed, but does not load: {why}', name=name, why=error.broken
        )
    from drivers.sold_as import drivers_for  # this loads all profiles, which a correct file does not need

    typed = name.lower()
    near = difflib.get_close_matches(typed, error.known, 1, 0.8)
    if not near and (there := drivers_for(name)):
        return Reason(
            "sold_as",
            'there is no driver "{name}"; what is sold under this name is read by: {there}',
            name=name,
            there=", ".join(there),
        )
    near = near or difflib.get_close_matches(typed, error.known, 1, 0.5)
    if near:
        return Reason("driver_near", 'there is no driver "{name}"; did you mean "{near}"?', name=name, near=near[0])
    return Reason("unknown_driver", 'there is no driver "{name}"; `minshan sensors` lists them', name=name)


def fields_of(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Return the keys of the section of `model` that contains a location."""
    for step in loc[:-1]:
        annotation: Any = model.model_fields[step].annotation if step in model.model_fields else None
        for kind in (annotation, *getattr(annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
    return list(model.model_fields)
