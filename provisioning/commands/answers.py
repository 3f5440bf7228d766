"""Parse a place, a height or a key of the station's file, from the command line or as an answer to a question."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import click

from edge.language.texts import _, render, with_own_marks
from provisioning.commands.exits import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

# 31.68, -31.68, 31°40'48", 31°40.8'N, 北纬31度40分48秒
_DEGREES = re.compile(
    r"(?P<before>[NSEW]|[北南]纬|[东西]经)?\s*(?P<sign>[-+]?)(?P<degrees>\d+(?:\.\d+)?)\s*[°度]?\s*"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)\s*['′分]\s*)?(?:(?P<seconds>\d+(?:\.\d+)?)\s*(?:\"|″|''|秒)\s*)?"
    r"(?P<behind>[NSEW])?",
    re.IGNORECASE,
)
_METRES = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*(?:m|米|metres?|meters?)?", re.IGNORECASE)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


class Choice(click.Choice[str]):
    """One of a few, which the question names itself."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return what is said of another answer."""
        return with_own_marks(super().get_invalid_choice_message(value, ctx))


class Degrees(click.ParamType[float]):
    """A latitude or longitude in degrees, or in degrees, minutes and seconds."""

    name = "degrees"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return degrees, north and east positive."""
        found = _DEGREES.fullmatch(_typed(value))
        if found is None:
            sentence = _("{value} is not a position: write it as 31.68 or 31°40'48\"").format(value=value)
            self.fail(sentence, param, ctx)
        degrees, minutes, seconds = (float(found[part] or 0) for part in ("degrees", "minutes", "seconds"))
        side = ((found["before"] or "") + (found["behind"] or "")).upper()
        negative = found["sign"] == "-" or any(word in side for word in "SW南西")
        return (-1 if negative else 1) * round(degrees + minutes / 60 + seconds / 3600, 6)


class Metres(click.ParamType[float]):
    """A height; its unit may stand behind it."""

    name = "metres"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return metres."""
        found = _METRES.fullmatch(_typed(value))
        if found is None:
            self.fail(_("{value} is not a height in metres: write it as 1590").format(value=value), param, ctx)
        return float(found[1])


class Day(click.ParamType[datetime]):
    """A day, as 2026-04-15; people write it with / and as 2026年4月15日 too."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the day's first instant, without a zone."""
        found = _DAY.fullmatch(_typed(value))
        try:
            return datetime.fromisoformat("-".join(part.zfill(2) for part in found.groups()) if found else "")
        except ValueError:
            self.fail(_("{value} is not an existing date: write it as 2026-04-15").format(value=value), param, ctx)


class Key(click.ParamType[Any]):
    """A key of the station's file, taken as the file's loader will take it; `form` reads what was typed."""

    name = "text"

    def __init__(self, section: type[BaseModel], key: str, form: click.ParamType[Any] | None = None) -> None:
        self._section, self._key, self._form = section, key, form

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value. What is wrong is told as it would be of the file."""
        from pydantic import TypeAdapter, ValidationError

        from edge.config.errors import explained
        from edge.config.slips import closer

        found = value if self._form is None else self._form.convert(value, param, ctx)
        field = self._section.model_fields[self._key]
        kind: Any = Annotated[field.annotation, *field.metadata]
        try:
            TypeAdapter(kind).validate_python(found, strict=True)
        except ValidationError as error:
            reason = explained(dict(error.errors()[0]), [self._key])
            self.fail(render(closer({}, (self._key,), str(value), reason)), param, ctx)
        return found


class BrokerUrl(Key):
    """The address of a broker; "" for none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the address, checked to its host and port."""
        from edge.config.address import AddressError, parse

        if not value:
            return value
        super().convert(value, param, ctx)
        try:
            parse(value)
        except AddressError:
            self.fail(bad_broker(value), param, ctx)
        return value


def bad_broker(text: str) -> str:
    """Return what is wrong with an address that names no broker."""
    from edge.config.errors import BAD_BROKER
    from edge.config.slips import closer

    return render(closer({}, ("url",), text, BAD_BROKER))


class CheckedText(click.ParamType[str]):
    """A text that `check` refuses by raising a CommandError, whose sentence is shown."""

    name = "text"

    def __init__(self, check: Callable[[str], object]) -> None:
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it was typed."""
        try:
            if value:
                self._check(value)
        except CommandError as error:
            self.fail(error.sentence, param, ctx)
        return str(value)


class MayBeNone(click.ParamType[Any]):
    """Another kind of answer, or "-" for none: a default that is shown can be taken out."""

    name = "text"

    def __init__(self, kind: click.ParamType[Any]) -> None:
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what the other kind takes; "" for none."""
        return "" if _typed(value) in ("", "-") else self._kind.convert(value, param, ctx)


def _typed(value: Any) -> str:
    from drivers.wide_signs import narrowed

    return narrowed(str(value)).strip()
