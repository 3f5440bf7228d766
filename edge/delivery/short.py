"""Words for SMS templates: carriers allow only Chinese characters and digits in them, and few of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from edge.delivery.facts import KNOWN, AlertFacts
from edge.delivery.message import Short
from edge.delivery.texts import WHAT
from edge.language.spoken import Spoken
from edge.records.bodies import AN_HOUR

MOST_NAME = 8  # characters
UNITS = {"degC": "度", "m/s": "米每秒", "mm": "毫米", "V": "伏", "ug/m3": "微克", "%": "百分号", "hPa": "百帕"}


OTHERS = {
    "test": "测试",
    "summary": "告警汇总",
    "daily": "日报",
    "hub": "平台故障",
    "hub back": "平台恢复",
}  # kinds of messages without an alert


def short_of(facts: AlertFacts, station: str, others: Iterable[str] = ()) -> Short:
    """Return the words for one alert.

    `station`: its id, used if its name has no allowed character; `others`: the names of all stations.
    """
    name = name_of(facts.station, others) or name_of(station)
    return Short(name, what_of(facts), value_of(facts.value, facts.unit), time_of(facts))


def short_word(kind: str) -> Short:
    """Return the words for a message without an alert."""
    return Short("", OTHERS.get(kind, "告警"), "", "")


def what_of(facts: AlertFacts) -> str:
    """Return what the alert is about."""
    sentence = Spoken("zh").say(WHAT[facts.what])
    if facts.turn == "blind":
        return f"{sentence}无法判断"
    return f"{sentence}解除" if facts.turn in ("cleared", "ended", KNOWN) else sentence


def name_of(station: str, others: Iterable[str] = ()) -> str:
    """Return a station's name of at most eight letters, digits and Chinese characters.

    A longer one keeps both ends: names of one village differ in the last characters (东站, 西站; 11, 12). If one of
    `others` could be cut to the same (1号苹果园, 2号苹果园), the first part of the name that is unique is used.
    """
    whole = allowed(station)
    taken = {cut for other in map(allowed, others) if other != whole for cut in cuts(other)}
    return next((cut for cut in cuts(whole) if cut not in taken), cuts(whole)[0])


def allowed(name: str) -> str:
    """Return the characters of a name that carriers allow."""
    return re.sub(r"[^0-9A-Za-z㐀-䶿一-鿿]", "", unicodedata.normalize("NFKC", name))


def cuts(signs: str) -> list[str]:
    """Return what a name may be cut to, the best first: both its ends, then each part; a short one stays whole."""
    if len(signs) <= MOST_NAME:
        return [signs]
    parts = (signs[at : at + MOST_NAME] for at in range(len(signs) - MOST_NAME + 1))
    return [signs[: MOST_NAME // 2] + signs[-MOST_NAME // 2 :], *parts]


def value_of(value: float | None, unit: str) -> str:
    """Return a number as it is spoken: "零下2点3度"; "" if there is none."""
    if value is None:
        return ""
    digits = f"{abs(value):.1f}".removesuffix(".0").replace(".", "点")
    below = "" if value >= 0 or digits == "0" else "零下" if unit == "degC" else "负"
    measured = UNITS.get(unit.removesuffix(AN_HOUR), "")
    return f"{below}{digits}{measured}{'每小时' if unit.endswith(AN_HOUR) else ''}"


def time_of(facts: AlertFacts) -> str:
    """Return the time by the site's clock: "3点12分"; "" if it is unknown."""
    if facts.at_us is None:
        return ""
    local = datetime.fromtimestamp(facts.at_us / 1e6, UTC) + timedelta(hours=facts.offset_h)
    return f"{local.hour}点{local.minute:02d}分"
