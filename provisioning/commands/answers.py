"""Parse a place, a height or a key of the station's file, from the command line or as an answer to a question."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import click

from edge.language.speech import LANGUAGES, speaking
from edge.language.texts import _, render, with_own_marks
from provisioning.commands.exits import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import BaseModel

# 31.68, -31.68, 31°40'48", 31°40.8'N, 北纬31度40分48秒
_DEGREES = re.compile(
    r"(?P<before>[NSEW]|[北南]纬|[东西]经)?\s*(?P<sign>[-+]?)(?P<degrees>\d+(?:\.\d+)?)\s*[°度]?\s*"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)\s*['′分]\s*)?(?:(?P<seconds>\d+(?:\.\d+)?)\s*(?:\"|″|''|秒)\s*)?"
    r"(?P<behind>[NSEW])?",
    re.IGNORECASE,
)
_TWO = re.compile(r"(\S*\d[.°度]\S*?)[,;\s]\s*(\S*\d[.°度]\S*)")  # as a map shows them: 31.68, 103.85
_FEET = re.compile(r"(\d+(?:\.\d+)?)\s*(?:ft|feet|英尺|')", re.IGNORECASE)
_METRES = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*(?:m|米|metres?|meters?)?", re.IGNORECASE)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


class Choice(click.Choice[str]):
    """One of a few, listed in the question; case, blanks and hyphens of the answer are ignored."""

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:
        """Return the normal form of a choice, for comparison."""
        return re.sub(r"\W", "", _typed(choice)).lower()

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Return the choices as help shows them."""
        return click.Choice(self.choices).get_metavar(param, ctx)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return the error message for another answer."""
        as_written = click.Choice(list(map(self._named, self.choices)))  # in the question
        return with_own_marks(as_written.get_invalid_choice_message(value, ctx))

    def _named(self, choice: str) -> str:
        """Return a choice as it is shown."""
        return choice


class WordChoice(Choice):
    """One of a few words, given by its key or by its name in one of the languages."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__(list(names))
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the key."""
        return super().convert(key(str(value), self._names, self._names), param, ctx)

    def _named(self, choice: str) -> str:
        name = _(self._names[choice])
        return choice if name == self._names[choice] else f"{choice}{_(' ({word})').format(word=name)}"


def key(typed: str, known: Iterable[str], names: Mapping[str, str]) -> str:
    """Return the typed key, given by itself or by its name in one of the languages; else the typed text.

    Spaces and case are ignored.
    """
    said = _bare(typed)
    for lang in LANGUAGES:
        with speaking(lang):
            found = next((one for one in known if said in map(_bare, (one, names[one], _(names[one])))), None)
            if found is not None:
                return found
    return typed


def _bare(word: str) -> str:
    return re.sub(r"[\W_]", "", word).lower()


class Degrees(click.ParamType[float]):
    """A latitude or longitude in degrees, or in degrees, minutes and seconds."""

    name = "degrees"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return degrees, north and east positive."""
        text = _typed(value)
        found = _DEGREES.fullmatch(text)
        if found is None:
            two = _TWO.fullmatch(text)
            sentence = _("{value} is not a position: write it as 31.68 or 31°40'48\"").format(value=value)
            if two is not None:
                sentence = _("{value} is two numbers: write one of them here, such as {first}")
                sentence = sentence.format(value=value, first=two[1])
            self.fail(sentence, param, ctx)
        degrees, minutes, seconds = (float(found[part] or 0) for part in ("degrees", "minutes", "seconds"))
        side = ((found["before"] or "") + (found["behind"] or "")).upper()
        negative = found["sign"] == "-" or any(word in side for word in "SW南西")
        return (-1 if negative else 1) * round(degrees + minutes / 60 + seconds / 3600, 6)


class Latitude(Degrees):
    """A latitude; detects that a longitude was given instead."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return degrees, north positive."""
        found = super().convert(value, param, ctx)
        if 90 < abs(found) <= 180:
            self.fail(_("{value} is a longitude: write the latitude here, between -90 and 90").format(value=value))
        return found


class Metres(click.ParamType[float]):
    """A height, with or without its unit."""

    name = "metres"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return metres."""
        found = _METRES.fullmatch(_typed(value))
        if found is None:
            if feet := _FEET.fullmatch(_typed(value)):
                sentence = _("{value} is in feet: write it in metres, which is {metres}")
                self.fail(sentence.format(value=value, metres=round(float(feet[1]) * 0.3048)), param, ctx)
            self.fail(_("{value} is not a height in metres: write it as 1590").format(value=value), param, ctx)
        return float(found[1])


class Day(click.ParamType[datetime]):
    """A day, as 2026-04-15, 2026/4/15 or 2026年4月15日."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the day's first instant, without a zone."""
        found = _DAY.fullmatch(_typed(value))
        try:
            return datetime.fromisoformat("-".join(part.zfill(2) for part in found.groups()) if found else "")
        except ValueError:
            self.fail(_("{value} is not an existing date: write it as 2026-04-15").format(value=value), param, ctx)


class Key(click.ParamType[Any]):
    """A value for a key of the station's file, validated as by the file's loader; `form` parses the typed text."""

    name = "text"

    def __init__(self, section: type[BaseModel], key: str, form: click.ParamType[Any] | None = None) -> None:
        self._section, self._key, self._form = section, key, form

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value. Errors are those of the file's loader."""
        from pydantic import TypeAdapter, ValidationError

        from edge.config.errors import explained
        from edge.config.slips import closer

        found = _typed(value) if self._form is None else self._form.convert(value, param, ctx)
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
        found = super().convert(value, param, ctx)
        try:
            parse(found)
        except AddressError:
            self.fail(bad_broker(found), param, ctx)
        return found


def bad_broker(text: str) -> str:
    """Return the error message for an address that is no broker's."""
    from edge.config.errors import BAD_BROKER
    from edge.config.slips import closer

    return render(closer({}, ("url",), text, BAD_BROKER))


class CheckedText(click.ParamType[str]):
    """A text validated by `check`, which raises a CommandError with the sentence to show."""

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
    """Another kind of answer, or "-" for none, so that a shown default can be removed."""

    name = "text"

    def __init__(self, kind: click.ParamType[Any]) -> None:
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the converted answer; "" for none."""
        return "" if _typed(value) in ("", "-") else self._kind.convert(str(value).strip(), param, ctx)


def _typed(value: Any) -> str:
    """Return the typed text without surrounding blanks and quotes, with full-width signs replaced by ASCII."""
    from drivers.wide_signs import narrowed

    text = narrowed(str(value)).strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
