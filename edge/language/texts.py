"""Words for people, in English and Chinese: names of quantities, flags, units, spans of time, instants.

`speak(lang)` is called once, before the modules of the commands are imported: click's help is translated
when it is declared. docs/glossary.md holds the terms; a test holds the catalogue to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from drivers.quantity import QUANTITIES as REPORTED
from drivers.reason import Reason, is_coded, restored
from edge.language.joints import said_anew
from edge.language.speech import SPOKEN, _, language, ngettext, pgettext, speak, speaking, spoken
from edge.language.words import BUSES, CROPS, FACTS, FLAGS, QUANTITIES, RULES, SOURCES, STAGES, UNITS
from edge.measure.derived.hourly import FIGURES
from edge.records.channel_name import ChannelName

__all__ = [
    "_",
    "amount",
    "clock_source",
    "compass",
    "crop",
    "derived",
    "duration",
    "flag_word",
    "happened",
    "in_full",
    "label",
    "language",
    "ngettext",
    "render",
    "render_known",
    "render_value",
    "reported",
    "size",
    "speak",
    "speaking",
    "stage",
    "unit",
    "unit_sign",
    "value",
    "when",
]

PLAIN_UNITS = "MINSHAN_PLAIN_UNITS"
REASON = "reason"  # the catalogue's context of meanings, whose texts are their codes
MOST_SHOWN = 1e12  # of a number: what is beyond it is shown by its power of ten
SAID = "said"  # the code of a plain text, and the context of meanings by their English sentences
CHANNEL_PARAMS = ("channel", "other")
BUS_PARAMS = ("ours", "theirs")
LIST_PARAMS = (
    *("crops", "expected", "fields", "files", "kinds", "known", "names"),
    *("near", "others", "stages", "there", "topics", "unknown", "words"),
)
STOPS = "。！？；：，、…）”"  # of Chinese: each holds the blank behind it


def write_plainly() -> None:
    """Write units in ASCII from now on, in this process and those that it starts: "degC", as wide as it is drawn."""
    os.environ[PLAIN_UNITS] = "1"


def sentences(*told: str) -> str:
    """Return sentences one behind the other, "" left out: a blank parts them, but for those of Chinese."""
    text = ""
    for one in filter(None, told):
        text += one if not text or text.endswith(tuple(STOPS)) else f" {one}"
    return text


def with_own_marks(text: str) -> str:
    """Return what a library has composed of translated pieces: in Chinese with “” for '', 、 between, and no blanks."""
    if spoken() != "zh":
        return text
    text = (
        re.sub(r"(?<![A-Za-z\d°])'([^'\n]*)'(?![A-Za-z\d])", r"“\1”", text).replace("”, “", "”、“").replace("”.", "”。")
    )
    return re.sub(rf"(?<=[{STOPS}]) +(?=\S)|(?<=[\u4e00-\u9fff]) +(?=“)", "", text)


def label(channel: str) -> str:
    """Return a channel's name for people: "Air temperature", and the sensor's name behind it where it has one."""
    name = ChannelName.parse(channel)
    quantity = _(QUANTITIES[name.quantity]) if name.quantity in QUANTITIES else name.quantity
    return _("{quantity} ({sensor})").format(quantity=quantity, sensor=name.sensor) if name.sensor else quantity


def unit(name: str) -> str:
    """Return a unit as people write it: "°C" for degC, "µg/m³" for ug/m3; where they write plainly, "degC"."""
    known = UNITS.get(name)  # any other is no word: as one, W would be the west
    return name if known is None or (PLAIN_UNITS in os.environ and not known.isascii()) else _(known)


def unit_sign(name: str) -> str:
    """Return the same where letters are drawn as wide as they are: in Chinese °C is one sign."""
    shown = unit(name)
    return "℃" if shown == "°C" and SPOKEN.get() == "zh" else shown


def flag_word(flag: int) -> str:
    """Return a quality flag (QARTOD's number) as a word."""
    return _(FLAGS[flag]) if flag in FLAGS else str(flag)


def render(reason: Reason) -> str:
    """Return a meaning in the person's language.

    The translation is found by the code, in the context "reason"; one of a newer station, not known here or with other
    parameters, is shown in the English that it brought along. Of an older station, it is found by its sentence alone.
    """
    if reason.code == SAID and reason.params.keys() == {"text"}:
        return pgettext(SAID, str(reason.params["text"]))
    template = pgettext(REASON, reason.code)
    try:
        shown = {name: _shown(name, value) for name, value in reason.params.items()}
        template = said_anew(reason.template, reason.params, shown) if template == reason.code else template
        return template.format_map(shown)
    except (LookupError, ValueError, TypeError):
        return str(reason)


def _shown(name: str, value: str | float | Reason) -> str | float:
    """Return a parameter as people read it: a meaning, unit or channel in their language, the rest as it is."""
    if isinstance(value, Reason):
        return render(value)
    if name in CHANNEL_PARAMS:
        return label(str(value))
    if name in BUS_PARAMS:
        return bus(str(value))
    if name in ("source", "kept_source"):
        return clock_source(str(value))
    if name in ("crop", "crops", "stages"):
        return _(", ").join(map(stage if name == "stages" else crop, str(value).split(", ")))
    if name in LIST_PARAMS:
        return str(value).replace(", ", _(", "))
    return unit(str(value)) if name == "unit" else value


def render_value(value: object) -> str:
    """Return a meaning, or what a record brought (`Reason.builtins`, or a plain text), in words; "" for None."""
    return "" if value is None else render(reason_of(value))


def reason_of(value: object) -> Reason:
    """Return a meaning as it is, or the one that was written."""
    return value if isinstance(value, Reason) else restored(value)


def render_known(value: object) -> str:
    """Return the same; "" of what is said in a way that is not known here, as a newer station's may be."""
    try:
        return render_value(value)
    except ValueError:
        return ""


def in_full(value: object) -> str:
    """Return the same of an error's kind, and what happened behind it: "no answer: nothing acknowledges ..."."""
    reason = reason_of(value)
    detail = reason.inner("detail")
    if detail is None:
        return render(reason)
    return _("{reason}: {detail}").format(reason=render(reason), detail=render(detail))


def happened(value: object) -> str:
    """Return of an error's kind what happened alone: of a camera it says enough."""
    reason = reason_of(value)
    return render(reason.inner("detail") or reason)


def bus(kind: str) -> str:
    """Return a kind of bus in a word."""
    return _(BUSES[kind]) if kind in BUSES else kind


def clock_source(source: str) -> str:
    """Return in words how the station knows the time."""
    return _(SOURCES[source]) if source in SOURCES else source


def value(number: float | None, decimals: int) -> str:
    """Return a number at its reporting resolution, "–" where there is none."""
    if number is None:
        return "–"
    if abs(number) >= MOST_SHOWN:  # no quantity's, but a newer or damaged station may send it
        return f"{number:.3g}"
    return f"{round(number, decimals) + 0.0:.{decimals}f}"  # zero has no sign


def reported(channel: str, number: float) -> str:
    """Return a channel's value at its quantity's reporting resolution; as it is where the quantity is not known."""
    known = REPORTED.get(ChannelName.parse(channel).quantity)
    return f"{number:g}" if known is None else value(number, known.decimals)


def amount(channel: str, number: float | None, unit_name: str) -> str:
    """Return a channel's value with its unit; a direction with its name too, and 0 as the calm that it stands for."""
    if number is None:
        return "–"
    text = f"{reported(channel, number)} {unit(unit_name)}".rstrip()
    if not ChannelName.parse(channel).quantity.startswith("wind_from_direction"):
        return text
    return _("{degrees} ({name})").format(degrees=text, name=compass(number)) if number else _("calm")


def compass(degrees: float) -> str:
    """Return the name of the eighth of the circle that a wind comes from."""
    names = (_("N"), _("NE"), _("E"), _("SE"), _("S"), _("SW"), _("W"), _("NW"))
    return names[round(degrees / 45) % 8]


def derived(found: Mapping[str, float]) -> str:
    """Return the values derived from a minute or an hour, on one line: "Dew point 2.8 °C, Delta-T 1.4 K"."""
    parts = [
        f"{label(name)} {value(number, FIGURES[name].decimals)} {unit(FIGURES[name].unit)}".rstrip()
        for name, number in found.items()
    ]
    return _(", ").join(parts)


def duration(seconds: float) -> str:
    """Return a span of time in its two largest units: "2 h 5 min", "3 d 4 h", "40 s"."""
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = [
        (days, _("{n} d")),
        (hours, _("{n} h")),
        (minutes, _("{n} min")),
        (left, _("{n} s")),
    ]
    first = next((i for i, (amount, _word) in enumerate(parts) if amount), len(parts) - 1)
    told = [word.format(n=amount) for amount, word in parts[first : first + 2] if amount]
    return " ".join(told) or parts[-1][1].format(n=0)


def when(utc_us: int | None, offset_h: float = 8.0) -> str:
    """Return an instant (microseconds since 1970 UTC) by the site's clock; a word where it is not known."""
    if utc_us is None:
        return _("at an unknown time")
    zone = timezone(timedelta(hours=offset_h))
    return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=utc_us)).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def size(count: float) -> str:
    """Return an amount of bytes: "3.2 GB" (powers of ten, as a card's label counts)."""
    for name in ("B", "kB", "MB", "GB"):
        if count < 1000 or name == "GB":
            return f"{count:.0f} {name}" if name == "B" else f"{count:.1f} {name}"
        count /= 1000
    raise AssertionError("the last unit takes every amount")


def plain(value: object) -> str:
    """Return a setting's value as a station's file writes it."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def crop(name: str) -> str:
    """Return a crop in words."""
    return _(CROPS[name]) if name in CROPS else name


def rule(name: str) -> str:
    """Return what a rule of alerts is called."""
    return _(RULES[name]) if name in RULES else name


def stage(name: str) -> str:
    """Return a crop's stage in words."""
    return _(STAGES[name]) if name in STAGES else name


def fact(key: str) -> str:
    """Return the name of a fact that comes with a command's result."""
    return _(FACTS[key]) if key in FACTS else key


def fact_value(value: object, key: str = "") -> str:
    """Return the value of such a fact: meanings in words, lists and tables piece by piece."""
    if key == "quality" and isinstance(value, int):
        return flag_word(value)
    if isinstance(value, str) and key in ("crop", "stage", "rules"):
        return {"crop": crop, "stage": stage, "rules": rule}[key](value)
    if is_coded(value):
        return render_value(value)
    if isinstance(value, dict):
        return _(", ").join(f"{fact(str(key))} {fact_value(one, str(key))}" for key, one in value.items())
    if isinstance(value, list):
        return _(", ").join(fact_value(one, key) for one in value)
    return plain(value)
