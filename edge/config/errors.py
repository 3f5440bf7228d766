"""What is wrong with a station.toml, each in one sentence that says what would be right.

A `Mistake` carries its sentence as a template and its parameters: the text here is English, and the
technician's side translates the template.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# code -> sentence. The first block bears pydantic's codes, the second is our own.
SENTENCES = {
    "missing": "must be given, but is missing",
    "extra_forbidden": "there is no such key here; known are {known}",
    "int_type": "must be a whole number without quotes, as 118 or 0x76",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number without quotes, as 3.5",
    "finite_number": "must be a finite number",
    "string_type": 'must be text in quotes, as "text"',
    "bool_type": "must be true or false, without quotes",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "does not have the form {pattern}",
    "dict_type": "must be a table, as [{key}] with its keys on the lines below",
    "list_type": "must be a list, as [1, 2]",
    "tuple_type": "must be a list, as [1, 2]",
    "other": "{detail}",
    "no_file": "the file is not there",
    "is_folder": "is a folder, not a file",
    "unreadable": "the file cannot be read: {detail}",
    "not_utf8": "the file is not UTF-8 text (byte {byte})",
    "other_encoding": "the file is in {encoding}, not UTF-8: save it as UTF-8 in the editor that wrote it",
    "full_width": "a full-width {sign} stands here: write {right}",
    "wide_space": "a full-width space stands here: write an ordinary one",
    "decimal_address": "{value} is decimal: write 0x{value}? It must be an address from {low} to {high}",
    "address_range": "must be an address from {low} to {high}",
    "swapped": "are both swapped? latitude = {latitude}, longitude = {longitude}",
    "login_sign": "a {sign} in the login must be written {right}; or put the password in password_file",
    "not_toml": "this is not TOML: {detail}",
    "toml_value": 'this is no TOML value; text stands in quotes, as key = "text"',
    "toml_rest": "something stands behind the value: numbers have a point and no unit (31.68), text stands in quotes",
    "toml_key": "this line is no `key = value` and no [table]",
    "toml_quote": "a text has no closing quote, or a sign in it that may not stand there",
    "toml_bracket": "a bracket is not closed",
    "toml_twice": "this key or table was given before",
    "did_you_mean": 'there is no such key here; did you mean "{near}"?',
    "bad_name": "must be 1 to 32 lower-case letters, digits or hyphens, beginning with a letter or digit",
    "bad_broker": "must be an address as mqtt://host:1883 or mqtts://host:8883",
    "bad_fingerprint": "must be the SHA-256 fingerprint of the camera's certificate: 64 digits 0-9 and a-f",
    "no_certificate": "only an address with https:// or rtsps:// has a certificate",
    "not_tables": "must be tables of their own, each under a line [[{key}]]",
    "unknown_driver": 'there is no driver "{name}"; `minshan sensors` lists them',
    "driver_near": 'there is no driver "{name}"; did you mean "{near}"?',
    "broken_driver": 'the driver "{name}" is installed, but does not load: {why}',
    "same_name": 'the name "{name}" is taken by another one in this file; each needs its own',
    "same_address": 'sensor "{other}" has address {address} on {bus} too; each device needs its own',
    "same_port": 'sensor "{other}" is on {bus} too; this kind of device needs a port of its own',
    "other_line": 'sensor "{other}" uses {bus} at {theirs}, this one at {ours}; on one line all must agree',
    "other_kind": 'sensor "{other}" uses {bus} as {theirs}, this one as {ours}; one port serves one kind',
    "two_primaries": 'sensor "{other}" is primary for {quantity} too; only one sensor can be',
    "wants_url": "a camera with driver {driver} needs its url",
    "alone": "needs {other} beside it",
    "both": "give this or {other}, not both",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: where it is, what stands there, and its sentence.

    `line` counts from 1, None where the mistake has no place in the text (a file that is not there). `key` is
    dotted, a sensor's is `sensor "air".address`; "" for the file as a whole. `value` is the text that stands
    there, "" for none.
    """

    file: str
    line: int | None
    key: str
    value: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """The sentence before its parameters are put in: what is translated."""
        return SENTENCES[self.code]

    @property
    def sentence(self) -> str:
        """What is wrong or would be right, in English."""
        return self.template.format(**self.params)

    @property
    def place(self) -> str:
        """File, line and key, as `station.toml:12: sensor "air".address = "0x76"`."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        said = f"{self.key} = {self.value}" if self.key and self.value else self.key
        return f"{where}: {said}" if said else where

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


class ConfigError(Exception):
    """A file that the station cannot start from: all that is wrong with it, in the order of its lines."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


def value_for_people(key: str, text: str) -> str:
    """Return a value's own text for people: shortened where it is long, and no password in it."""
    if key.startswith("password"):
        return ""
    masked = re.sub(r"//[^/@\s]*@", "//...@", text)
    return masked if len(masked) <= 60 else masked[:57] + "..."


def explained(error: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the code and parameters of one of pydantic's errors."""
    code, context = str(error["type"]), dict(error.get("ctx") or {})
    pattern = context.get("pattern", "")
    if code in ("model_type", "model_attributes_type", "dataclass_type"):
        code = "dict_type"
    if code == "string_pattern_mismatch" and pattern.startswith("^mqtt"):
        code = "bad_broker"
    if code == "string_pattern_mismatch" and pattern.startswith("^[a-z0-9][a-z0-9-]"):
        code = "bad_name"
    if code == "string_pattern_mismatch" and pattern.startswith("^(?:sha256"):
        code = "bad_fingerprint"
    if "expected" in context:
        context["expected"] = str(context["expected"]).replace(" or ", ", ")
    if code in SENTENCES:
        return code, {key: _plain(value) for key, value in context.items()}
    return "other", {"detail": str(error["msg"]).removeprefix("Value error, ")}


def _plain(value: Any) -> Any:
    """Return a bound as a person writes it: 5500, not 5500.0."""
    return f"{value:g}" if isinstance(value, float) else value
