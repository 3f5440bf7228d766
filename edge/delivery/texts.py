"""The text of a message: one sentence per alert, with what was measured, where and when, and no forecast.

Each sentence is complete without a link. A message begins with the same word in both languages (`message.WORD`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce

from drivers.quantity import QUANTITIES
from edge.delivery.facts import KNOWN, AlertFacts, Course
from edge.delivery.message import WORD
from edge.language.sentence import isolated
from edge.language.spoken import Spoken
from edge.language.words import N_

WHAT: dict[str, str] = {
    "frost": N_("Frost"),
    "gale": N_("Gale"),
    "rain": N_("Cloudburst"),
    "heat": N_("Heat"),
    "cold": N_("Cold"),
    "fall": N_("Rapid fall"),
    "air": N_("Bad air"),
    "battery": N_("Battery low"),
    "sensor": N_("Sensor silent"),
    "silent": N_("Station silent"),
    "all_silent": N_("All stations silent"),
    "clock": N_("Hub's clock"),
    "channel": N_("Channel fails"),
    "log": N_("Hub's database"),
    "photos": N_("Hub's photos"),
    "card": N_("Station's card"),
    "two_boxes": N_("Two boxes of one name"),
    "other": N_("Alert"),
}
HEAD = N_("[{what}] ")
BACK, HUB_FAILS = N_("Back"), N_("Hub fails")
CLOCK = N_(
    "the hub's clock has not been synchronised for {minutes} min: times of alerts may be wrong, robots "
    "may refuse messages"
)
CLOCK_APART = N_("the hub's clock is {n} min off those of its stations: times of alerts may be wrong; set it right")
CLOCK_BACK = N_("the hub's clock is right again")
LOG = N_("the log of the hub's database has grown to {n} MB: another program keeps the file open, stop it")
LOG_BACK = N_("the log of the hub's database is small again")
PHOTOS_BACK = N_("the hub keeps photos again")
CARD_BACK = N_("the card takes records again")
TWO_BOXES = N_("a second box sends in this station's name: was a card copied? Give one of them another id")
TWO_BOXES_BACK = N_("one box alone sends in this station's name again")
# Not weather: their end is announced as "Back", not as "All clear".
BROKEN: tuple[str, ...] = ("silent", "all_silent", "channel", "clock", "log", "photos", "card", "two_boxes")

OF_WHAT = {"fall": N_("{quantity} falls by {amount}"), "rain": N_("{quantity} {amount} in a minute")}
NOW_US = 5 * 60_000_000  # from a minute's begin, for which its value is called the present one


def sentence(words: Spoken, facts: AlertFacts) -> str:
    """Return the sentence for an alert's newest turn."""
    return headed(words, facts, [part for part in _parts(words, facts) if part])


def reminder(words: Spoken, facts: AlertFacts, course: Course) -> str:
    """Return the sentence for an alert that is still open after a while: the worst value since, and the present one."""
    at = clock_time(facts.at_us, facts.now_us, facts.offset_h, words)
    parts = [words.say(N_("{station} since {time}"), station=isolated(facts.station), time=at)]
    if course.worst is not None:
        worst = amount(words, number(course.worst, facts.quantity), facts.unit)
        parts.append(words.say(_worst(facts, course), worst=worst))
    if course.value is None and course.air is None:
        present = words.say(N_("no value"))
    elif facts.what == "frost":
        present = of_air(words, course.air, course.value)
    else:
        present = of_value(words, facts, course.value)
    at = clock_time(course.at_us, facts.now_us, facts.offset_h, words)
    is_now = facts.now_us - course.at_us <= NOW_US
    parts.append(
        words.say(N_("now ({time}): {what}") if is_now else N_("last at {time}: {what}"), time=at, what=present)
    )
    return headed(words, facts, [*parts, *of_limit(words, facts)])


def headed(words: Spoken, facts: AlertFacts, parts: list[str]) -> str:
    """Return a sentence of these parts, with its heading, and a note if it is late."""
    head = words.say(HEAD, what=words.say(_head(facts)))
    late = words.say(N_(" (late: received only now)")) if facts.late else ""
    text = reduce(lambda before, after: words.say(N_("{before}, {after}"), before=before, after=after), parts)
    return f"{head}{text}{late}"


def begun(lines: list[str]) -> tuple[str, ...]:
    """Return a message's lines with `WORD` before the first."""
    return (f"{WORD} {lines[0]}".replace(f"{WORD} 【", f"{WORD}【"), *lines[1:])


def clock_time(facts_us: int | None, now_us: int, offset_h: float, words: Spoken) -> str:
    """Return a time by the site's clock: "02:14", preceded by the date if it is not today's."""
    if facts_us is None:
        return words.say(N_("at an unknown time"))
    local, now = (datetime.fromtimestamp(us / 1e6, UTC) + timedelta(hours=offset_h) for us in (facts_us, now_us))
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%m-%d %H:%M}"


def _head(facts: AlertFacts) -> str:
    if facts.turn == KNOWN:
        return BACK
    if facts.turn in ("cleared", "ended"):
        return BACK if facts.what in BROKEN else N_("All clear")
    if facts.turn == "still":
        return N_("Still frost")
    return N_("Not known") if facts.turn == "blind" else WHAT[facts.what]


def _parts(words: Spoken, facts: AlertFacts) -> list[str]:
    at = clock_time(facts.at_us, facts.now_us, facts.offset_h, words)
    where = words.say(N_("{station} {time}"), station=isolated(facts.station), time=at)
    if facts.what == "channel":
        return _of_channel(words, facts, at)
    if facts.what in ("clock", "all_silent", "log", "photos", "card", "two_boxes"):
        said = _of_the_hub(words, facts, at)
        return [where, said] if facts.what in ("card", "two_boxes") else [said]
    if facts.turn in ("cleared", "ended", KNOWN):
        return [where, _over(words, facts)]
    if facts.what == "silent":
        return _of_silence(words, facts, at)
    if facts.turn == "blind":
        what = _named(words, facts)
        return [where, words.say(N_("{what} cannot be judged: its values are missing or doubtful"), what=what)]
    if facts.what == "frost":
        return [where, *_of_frost(words, facts)]
    if facts.what == "sensor":
        return [where, *_of_sensors(words, facts)]
    return [where, of_value(words, facts, facts.value), *of_limit(words, facts)]


def _of_frost(words: Spoken, facts: AlertFacts) -> list[str]:
    parts = [of_air(words, facts.air, facts.value)]
    if facts.fall is not None:
        parts.append(words.say(N_("fell {fall} °C an hour in the last 30 min"), fall=f"{facts.fall:.1f}"))
    return [*parts, *of_limit(words, facts)]


def _worst(facts: AlertFacts, course: Course) -> str:
    """Return the phrase for the worst value: the lowest, the highest, the strongest of wind and rain."""
    if facts.what == "frost":
        return N_("lowest wet bulb {worst}")
    if facts.what in ("fall", "gale", "rain"):
        return N_("strongest {worst}")
    return N_("lowest {worst}") if course.below else N_("highest {worst}")


def of_air(words: Spoken, air: float | None, wet: float | None) -> str:
    """Return the air temperature with its wet bulb, degC, or only one of them if the other is unknown."""
    if wet is None:
        return words.say(N_("air {air} °C"), air=number(air, "degC"))
    if air is None:
        return words.say(N_("wet bulb {value} °C"), value=number(wet, "degC"))
    return words.say(N_("air {air} °C (wet bulb {value} °C)"), air=f"{air:.1f}", value=number(wet, "degC"))


def of_limit(words: Spoken, facts: AlertFacts) -> list[str]:
    """Return the limit, for frost the temperature at which buds die; empty if it is unknown."""
    if facts.critical is not None:
        stage = words.stage(facts.stage)
        stage = words.say(N_("{stage} (assumed)"), stage=stage) if facts.assumed else stage
        gaps = {"crop": words.crop(facts.crop), "stage": stage, "critical": f"{facts.critical:.1f}"}
        return [words.say(N_("{crop}, {stage}: 10 % of the buds die at {critical} °C"), **gaps)]
    if facts.limit is None or facts.what == "frost":
        return []
    return [words.say(N_("limit {limit}"), limit=amount(words, f"{facts.limit:g}", facts.unit))]


def of_value(words: Spoken, facts: AlertFacts, value: float | None) -> str:
    """Return a value of the alert's quantity, with its unit."""
    told = OF_WHAT.get(facts.what, N_("{quantity} {amount}"))
    gaps = {"amount": amount(words, number(value, facts.quantity), facts.unit)}
    return words.say(told, quantity=words.quantity(facts.quantity), **gaps)


def _of_sensors(words: Spoken, facts: AlertFacts) -> list[str]:
    """Return what is silent: a whole bus in one sentence, as after lightning, then the remaining sensors."""
    sentence = N_("everything on {bus} is silent ({sensors}): look at its fuse, its surge protector and its power")
    join = words.say(N_(", ")).join
    parts = [words.say(sentence, bus=bus, sensors=join(sensors)) for bus, sensors in facts.buses]
    gone = {name for _, sensors in facts.buses for name in sensors}
    rest = [name for name in facts.sensors if name not in gone]
    if rest:
        parts.append(words.say(N_("no value from {sensors}"), sensors=join(rest)))
    if parts or facts.value is None:
        return parts
    if facts.value == 0:  # the alert ends once this has lasted
        return [words.say(N_("all sensors give values again"))]
    return [words.say(N_("sensors without a value: {n}"), n=f"{facts.value:g}")]


def _of_the_hub(words: Spoken, facts: AlertFacts, at: str) -> str:
    """Return the sentence for an alert of the hub itself other than one station's silence."""
    if facts.what == "clock":
        said = CLOCK_BACK if facts.turn == "cleared" else CLOCK_APART if facts.count else CLOCK
    elif facts.what == "two_boxes":
        said = TWO_BOXES_BACK if facts.turn == "cleared" else TWO_BOXES
    elif facts.what == "log":
        said = LOG_BACK if facts.turn == "cleared" else LOG
    elif facts.what in ("photos", "card"):
        if facts.turn != "cleared":
            return "" if facts.reason is None else words.reason(facts.reason)
        said = PHOTOS_BACK if facts.what == "photos" else CARD_BACK
    elif facts.turn == "cleared":
        said = N_("stations are heard again since {time}")
    else:
        said = N_("nothing from any of the {n} stations for {minutes} min: look at the broker and at the hub")
    return words.say(said, n=facts.count, minutes=facts.minutes, time=at)


def _of_silence(words: Spoken, facts: AlertFacts, at: str) -> list[str]:
    gaps = {"station": facts.station, "minutes": facts.minutes}
    parts = [words.say(N_("{station}: no data for {minutes} min"), **gaps)]
    if facts.air is not None:
        wet = number(facts.value, "degC")
        parts.append(
            words.say(
                N_("last at {time}: air {air} °C (wet bulb {value} °C)"), time=at, air=f"{facts.air:.1f}", value=wet
            )
        )
    if facts.fall is not None:
        parts.append(words.say(N_("it was falling")))
    return parts


def _of_channel(words: Spoken, facts: AlertFacts, at: str) -> list[str]:
    if facts.turn in ("cleared", "ended"):
        return [words.say(N_('channel "{name}" has accepted messages again since {time}'), name=facts.station, time=at)]
    why = "" if facts.reason is None else words.reason(facts.reason)
    return [words.say(N_('channel "{name}" does not accept messages: {why}'), name=facts.station, why=why)]


def _named(words: Spoken, facts: AlertFacts) -> str:
    """Return an alert's name in a sentence: for a battery the quantity, for an unnamed alert also the quantity."""
    what = words.say(WHAT[facts.what])
    if facts.what == "battery":
        return words.quantity(facts.quantity)
    if facts.what in ("other", "fall") and facts.quantity:
        return words.say(N_("{what} ({quantity})"), what=what, quantity=words.quantity(facts.quantity))
    return what


def _over(words: Spoken, facts: AlertFacts) -> str:
    what = _named(words, facts)
    if facts.what == "silent":
        return words.say(N_("it sends again"))
    if facts.turn == KNOWN:
        return words.say(N_("{what} can be judged again"), what=what)
    if facts.turn == "ended":
        return words.say(N_("{what}: the rule was removed"), what=what)
    if facts.what == "sensor":
        return words.say(N_("every sensor gives values again"))
    if facts.what == "fall":
        return words.say(N_("{quantity} no longer falls so fast"), quantity=words.quantity(facts.quantity))
    sentence = N_("{what} is over") if facts.worst is None else N_("{what} is over, worst {worst}")
    if facts.what == "battery" and facts.worst is not None:
        sentence = N_("the battery has recovered, lowest {worst}")
    return words.say(sentence, what=what, worst=amount(words, number(facts.worst, facts.quantity), facts.unit))


def amount(words: Spoken, digits: str, unit: str) -> str:
    """Return a number with its unit in the language's notation."""
    return words.say(N_("{number} °C"), number=digits) if unit == "degC" else f"{digits} {words.unit(unit)}".rstrip()


def number(value: float | None, quantity: str) -> str:
    """Return a value with the digits for people: a temperature with one decimal, though it is recorded with two."""
    if value is None:
        return "–"
    known = QUANTITIES.get(quantity.partition(".")[0])
    return f"{value:.{1 if known is None or known.unit == 'degC' else known.decimals}f}"
