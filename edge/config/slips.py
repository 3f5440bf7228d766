"""Typing errors that people make in a station's file, each reported with what to write instead.

A Chinese keyboard gives full-width characters (：，＝“”), a datasheet's address is hexadecimal, a map gives the
longitude first, a password contains a character that ends it in a URL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from drivers.buses.bus import OnI2C
from drivers.catalog import UnknownDriverError, find
from drivers.reason import Reason
from drivers.text_files import NoTextError, text_of
from drivers.wide_signs import first_wide, outside_texts
from edge.config.errors import BAD_PORT, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

# A character that ends a login in a URL. A camera's path, unlike a broker's, may contain an @ as well.
SIGN_IN_LOGIN = dict.fromkeys(("camera_url", "bad_port"), r"//[^@]*?([#/?\[\]])[^@]*@") | {
    "bad_broker": r"//.*?([#/?\[\]]).*@"
}
KeyPath = tuple[str | int, ...]
# Reasons that refuse a text for its form; a title may contain any character.
FORMS = {
    *("bad_broker", "bad_name", "string_pattern_mismatch", "literal_error", "driver_near", "unknown_driver"),
    *("camera_url", "bad_port", "bad_hour", "bad_day_of_year", "bad_http_url", "bad_mail_url", "bad_public_url"),
}
# A quoted text that was meant as a number or a truth value.
QUOTED = {
    "int_type": r"[-+]?(0x[0-9a-fA-F]+|\d+)",
    "float_type": r"[-+]?\d+(\.\d+)?",
    "bool_type": "true|false",
}
WITH_UNIT = re.compile(r"""(?P<quote>["'])\s*[-+]?\d+(\.\d+)?\s*(?P<unit>[^\W\d_]{1,8}|%|°[CF]?|℃)\s*(?P=quote)""")


def wide_lines(file: str, text: str) -> Iterator[Mistake]:
    """Yield a mistake for each line that has a full-width character outside its strings and comment."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := first_wide(outside_texts(line)):
            yield Mistake(file, number, "", "", found)


def decoded(file: str, raw: bytes) -> str | Mistake:
    """Decode the bytes; return the mistake if they are in another encoding."""
    try:
        return text_of(raw)
    except NoTextError as error:
        return Mistake(file, error.line, "", "", error.reason)


def closer(tables: dict[str, Any], path: KeyPath, text: str, reason: Reason) -> Reason:
    """Return a more specific reason for a mistake at that path if it is one of these errors, else `reason`.

    `tables`: the file's; `text`: the value's text in the file.
    """
    code = reason.code
    if other := of_other_form(code, text) or of_other_type(code, text):
        return other
    if code in ("bad_broker", "camera_url", "bad_port") and (found := re.search(SIGN_IN_LOGIN[code], text)):
        return Reason(
            "login_sign",
            "a {sign} in the login must be written {right}; or put the password in password_file",
            sign=found[1],
            right=quote(found[1], safe=""),
        )
    if code == "bad_broker" and not has_port(text.strip("\"'")):
        return BAD_PORT
    if code == "less_than_equal" and path == ("site", "latitude"):
        latitude, longitude = (tables["site"].get(key) for key in ("latitude", "longitude"))
        if isinstance(longitude, int | float) and abs(longitude) <= 90 < latitude <= 180:
            return Reason(
                "swapped",
                "are both swapped? latitude = {latitude}, longitude = {longitude}",
                latitude=longitude,
                longitude=latitude,
            )
    if path[:1] == ("sensor",) and path[-1] == "address":
        try:
            model = find(tables["sensor"][path[1]]["driver"]).settings
        except (UnknownDriverError, LookupError, TypeError):
            return reason
        return address(model, text, reason)
    return reason


def of_other_form(code: str, text: str) -> Reason | None:
    """Return which sign or blank of a text is of no form that is taken."""
    if code not in FORMS:
        return None
    if wide := first_wide(text):
        return wide
    inside = text[1:-1] if text[:1] in ("'", '"') else text
    return None if inside == inside.strip() else Reason("blanks", "has blanks before or behind it: take them out")


def of_other_type(code: str, text: str) -> Reason | None:
    """Return how to write a value that has another type: a number in quotes, a list without its brackets."""
    if code in QUOTED and (bare := re.fullmatch(QUOTED[code], text[1:-1])) and text[:1] in ("'", '"'):
        return Reason("quoted", "write it without quotes: {value}", value=bare[0])
    if code in QUOTED and (found := WITH_UNIT.fullmatch(text)):
        return Reason(
            "with_unit",
            "write the number alone, without quotes and without “{unit}”: the key's name says the unit, as _m or _min",
            unit=found["unit"],
        )
    if code == "int_type" and (whole := re.fullmatch(r"([-+]?\d+)\.0*", text)):
        return Reason("without_point", "must be a whole number: write {value}", value=whole[1])
    if code in ("list_type", "tuple_type") and text and text[0] not in "[{":
        return Reason("not_list", "must be a list: write [{value}]", value=text)
    return None


def has_port(url: str) -> bool:
    """Return whether the text after the host's colon, if there is one, is a valid port."""
    number = re.search(r"://(?:.*@)?[^:]*:([^]/]*)/?$", url)
    return number is None or bool(re.fullmatch("[0-9]{1,5}", number[1]) and 0 < int(number[1]) < 65536)


def address(model: type[BaseModel], text: str, reason: Reason) -> Reason:
    """Return a more specific reason for an I2C address out of range, which people write without 0x, else `reason`."""
    if not issubclass(model, OnI2C) or reason.code not in ("greater_than_equal", "less_than_equal"):
        return reason
    first, last = address_span(model)
    low, high = f"0x{first:02x}", f"0x{last:02x}"
    if re.fullmatch("[0-9]{1,2}", text) and first <= int(text, 16) <= last:
        return Reason(
            "decimal_address",
            "{value} is decimal: write 0x{value}? It must be an address from {low} to {high}",
            value=text,
            low=low,
            high=high,
        )
    return Reason("address_range", "must be an address from {low} to {high}", low=low, high=high)


def address_span(model: type[BaseModel]) -> tuple[int, int]:
    """Return the lowest and the highest address that an I2C device may have."""
    bounds = {name: value for part in model.model_fields["address"].metadata for name, value in _bounds(part)}
    return bounds["ge"], bounds["le"]


def _bounds(part: object) -> Iterator[tuple[str, int]]:
    for name in ("ge", "le"):
        if (value := getattr(part, name, None)) is not None:
            yield name, value
