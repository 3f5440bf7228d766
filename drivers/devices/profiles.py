"""Modbus profiles: which register of a maker's sensor contains what, as data (TOML), checked when loaded.

The built-in ones are in `profiles/`; a technician may use a file of their own
(docs/sensors/modbus-profiles.md explains one).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from drivers.errors import SettingError
from drivers.quantity import QUANTITIES
from drivers.reason import Reason, joined, system_reason
from drivers.refusals import refusal
from drivers.text_files import NoTextError, text_of
from drivers.toml_mistakes import mistake_in

FOLDER = Path(__file__).parent / "profiles"
Function = Literal[3, 4]
SHORTEST = 4  # characters of a model's name, without blanks and hyphens
RegisterNumber = Annotated[int, Field(ge=0, le=0xFFFF)]


class ProfileError(SettingError):
    """A profile cannot be used; the text names file, line, key, value and what would be right."""


class MisplacedError(SettingError):
    """A table's keys contradict each other; `where`: the path below that table of the key to be changed."""

    def __init__(self, reason: Reason, *where: str | int) -> None:
        super().__init__(reason)
        self.where = where


class ProfileTable(BaseModel):
    """Any table of a profile: no unknown keys, no wrong types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)


class Register(ProfileTable):
    """One quantity: value = word(s) x scale + offset, in the quantity's unit.

    - `register`, `words`, `order`: its first register, how many there are (one or two), and for two whether the first
      is the high half ("big") or the low one ("little"); `signed`: two's complement.
    - `function`: 3 or 4 if it differs from the profile's.
    - `low`, `high`, `resolution`: the datasheet's limits and step, in the unit.
    - `invalid`: words by which the device states that it has no value: they give no reading.
    - `saturated`: from this word on the value is at the end of its range: the reading has a doubt.
    - `optional`: present only if it was ordered: it is read if the station's file names it as `fitted`.
    - `wraps_at`: the amount at which a running total wraps to zero.
    """

    quantity: str
    first: RegisterNumber = Field(alias="register")
    unit: str
    low: float
    high: float
    resolution: float = Field(gt=0)
    function: Function | None = None
    words: Literal[1, 2] = 1
    order: Literal["big", "little"] = "big"
    signed: bool = False
    scale: float = 1.0
    offset: float = 0.0
    invalid: list[int] = []
    saturated: int | None = None
    optional: bool = False
    wraps_at: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _agrees(self) -> Register:
        known = QUANTITIES.get(self.quantity)
        if known is None:
            known_ones = ", ".join(QUANTITIES)
            unknown = Reason(
                "no_quantity",
                '"{name}" is not a quantity; the quantities are {known}',
                name=self.quantity,
                known=known_ones,
            )
            raise MisplacedError(unknown, "quantity")
        if self.unit != known.unit:
            always = Reason(
                "another_unit",
                "{name} is always in '{right}'; choose scale and offset accordingly",
                name=self.quantity,
                right=known.unit,
            )
            raise MisplacedError(always, "unit")
        if self.low >= self.high:
            raise MisplacedError(Reason("high_under_low", "must be above low"), "high")
        if self.scale == 0:
            raise MisplacedError(Reason("scale_nought", "must not be 0"), "scale")
        return self


class Check(ProfileTable):
    """A second register that must agree with a quantity; if it does not, the reading has a doubt.

    "force": the Beaufort force of the wind speed; "octant": the direction, 0-7 clockwise from north.
    """

    kind: Literal["force", "octant"]
    first: RegisterNumber = Field(alias="register")
    quantity: str


class Identity(ProfileTable):
    """Registers whose words are constant on this model: read once when the device is opened."""

    first: RegisterNumber = Field(alias="register")
    words: list[int] = Field(min_length=1)


class Addressing(ProfileTable):
    """How the device's own address is changed: the function and the register.

    `power_cycle`: it adopts the new one only after a power cycle.
    """

    function: Literal[6, 16] = 6
    address_register: RegisterNumber
    power_cycle: bool = False


class Profile(ProfileTable):
    """A maker's sensor.

    - `source`: where the numbers come from; `unconfirmed`: what has not been verified on a real device yet.
    - `baud`, `parity`, `address`, `interval` (s between two reads): defaults that the station's file may override.
    - `function`: 3 (holding) or 4 (input registers).
    - `pause_ms`: the silence that it needs before a request; `timeout_ms`: how long it may take to answer.
    - `gap`: the most unused registers between two quantities for which one request reads both; `most_registers`: the
      longest answer that it gives.
    """

    name: str
    title: str
    maker: str
    source: str
    registers: list[Register] = Field(min_length=1)
    unconfirmed: str = ""
    baud: int = Field(default=9600, ge=300, le=1_000_000)
    parity: Literal["N", "E", "O"] = "N"
    address: int = Field(default=1, ge=1, le=247)
    function: Function = 3
    interval: float = Field(default=10.0, gt=0, le=60)
    pause_ms: float = Field(default=0.0, ge=0, le=1000)
    timeout_ms: float = Field(default=300.0, gt=0, le=500)
    gap: int = Field(default=2, ge=0, le=32)
    most_registers: int = Field(default=32, ge=1, le=125)
    identity: Identity | None = None
    checks: list[Check] = []
    addressing: Addressing | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Profile:
        quantities = [entry.quantity for entry in self.registers]
        for number, quantity in enumerate(quantities):
            if quantity in quantities[:number]:
                twice = Reason("quantity_twice", "{name} is listed twice; keep one", name=quantity)
                raise MisplacedError(twice, "registers", number, "quantity")
        for number, check in enumerate(self.checks):
            if check.quantity not in quantities:
                foreign = Reason("no_such_register", '"{name}" is not measured by any register', name=check.quantity)
                raise MisplacedError(foreign, "checks", number, "quantity")
        return self


def load(named: str) -> Profile:
    """Load a built-in profile, or a file if `named` ends in .toml. Raise ProfileError."""
    if named.endswith(".toml"):
        return _read(Path(named))
    if named not in names():
        if near := of_models(named) or difflib.get_close_matches(named.lower(), names(), 3, 0.7):
            raise ProfileError(
                Reason(
                    "profile_near",
                    'no profile "{name}"; did you mean {near}? `minshan sensors` lists them all',
                    name=named,
                    near=", ".join(near),
                )
            )
        raise ProfileError(
            Reason(
                "no_profile",
                'no profile "{name}"; the built-in ones are {known}, or name a .toml file',
                name=named,
                known=", ".join(names()),
            )
        )
    return _builtin(named)


@cache
def names() -> tuple[str, ...]:
    """Return the names of the built-in profiles."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def of_models(named: str) -> list[str]:
    """Return the built-in profiles of a model: it is part of their title, as shops write it, or their name."""
    typed = bare(named)
    found = []
    for name in names():
        models = [name, *re.findall(r"[A-Za-z]+[A-Za-z0-9]*-?[A-Z0-9-]*\d[A-Z0-9-]*", _builtin(name).title)]
        known = [bare(model) for model in models]
        if len(typed) >= SHORTEST and any(one in typed or typed in one for one in known if len(one) >= SHORTEST):
            found.append(name)
    return found


def bare(name: str) -> str:
    """Return a name in lower case without separators."""
    return re.sub(r"[\s_/－—-]", "", name.lower())


@cache
def _builtin(name: str) -> Profile:
    return _read(FOLDER / f"{name}.toml")


def _read(path: Path) -> Profile:
    try:
        text = text_of(path.read_bytes())
        return Profile.model_validate(tomllib.loads(text))
    except NoTextError as error:
        place = f"{path}:{error.line}"
        raise ProfileError(Reason("profile_mistake", "{place}: {why}", place=place, why=error.reason)) from error
    except OSError as error:
        unread = Reason(
            "profile_unread", "{path} is not a readable profile ({why})", path=str(path), why=system_reason(error)
        )
        raise ProfileError(unread) from error
    except tomllib.TOMLDecodeError as error:
        line, why = mistake_in(text)
        place = f"{path}:{line}"
        raise ProfileError(Reason("profile_mistake", "{place}: {why}", place=place, why=why)) from error
    except ValidationError as error:
        raise ProfileError(joined(_mistake(path, text, one) for one in error.errors())) from None


def _mistake(path: Path, text: str, trouble: Any) -> Reason:
    """Return the reason for one of pydantic's errors as file:line: key = value: what would be right."""
    where = list(trouble["loc"])
    why = refusal(trouble, str(where[-1]) if where else "")
    raised = trouble.get("ctx", {}).get("error")
    if isinstance(raised, MisplacedError):
        where, why = [*where, *raised.where], raised.reason
    value = trouble["input"]
    for part in where[len(trouble["loc"]) :]:
        value = _inside(value, part)
    shown = "" if isinstance(value, (dict, list, ProfileTable)) or value is None else f" = {value!r}"
    if trouble["type"] == "extra_forbidden":
        why = Reason("no_such_key", "there is no such key")
    key = ".".join(str(part) for part in where)
    mistake = Reason("profile_mistake", "{place}: {why}", place=f"{key}{shown}", why=why)
    return mistake.having(place=f"{path}:{line_of(text, where)}", why=mistake)


def _inside(value: Any, part: str | int) -> Any:
    """Return the item of a table or an array of tables under that key or index, or None."""
    if isinstance(value, list) and isinstance(part, int):
        return value[part] if part < len(value) else None
    return value.get(part) if isinstance(value, dict) else None


def line_of(text: str, where: list[str | int]) -> int:
    """Return the line (from 1) of a key, or of the heading of the table that should contain it."""
    keys = [part for part in where if isinstance(part, str)]
    index = next((part for part in where if isinstance(part, int)), 0)
    table, key = (keys[0], keys[1]) if len(keys) > 1 else ("", "".join(keys))
    line, here, seen = 1, not table, 0
    for number, content in enumerate(text.splitlines(), 1):
        if heading := re.match(r"\s*\[\[?\s*([\w.-]+)", content):
            seen += heading[1] == table
            here = heading[1] == table and seen == index + 1
            line = number if here else line
        elif here and re.match(rf"\s*{re.escape(key)}\s*=", content):
            return number
    return line
