"""What a message says: one sentence an alert, with what was measured, where and when, and no word of what will be.

Each sentence is whole without a link. A message begins with the same word in both languages (`message.WORD`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Literal

import msgspec

from drivers.quantity import QUANTITIES
from drivers.reason import Reason
from edge.alerts.crops import CRITICAL
from edge.delivery.message import WORD
from edge.language.spoken import Spoken
from edge.language.words import N_
from edge.records.bodies import Alert

What = Literal[
    "frost",
    "gale",
    "rain",
    "heat",
    "cold",
    "air",
    "battery",
    "sensor",
    "silent",
    "all_silent",
    "clock",
    "channel",
    "other",
]
WHAT: dict[str, str] = {
    "frost": N_("Frost"),
    "gale": N_("Gale"),
    "rain": N_("Cloudburst"),
    "heat": N_("Heat"),
    "cold": N_("Cold"),
    "air": N_("Bad air"),
    "battery": N_("Battery low"),
    "sensor": N_("Sensor silent"),
    "silent": N_("Station silent"),
    "all_silent": N_("All stations silent"),
    "clock": N_("Hub's clock"),
    "channel": N_("Channel fails"),
    "other": N_("Alert"),
}
OF_QUANTITY: dict[str, What] = {
    "wet_bulb_temperature": "frost",
    "wind_speed_of_gust": "gale",
    "wind_speed": "gale",
    "rainfall_amount": "rain",
    "air_temperature": "heat",
    "pm2p5": "air",
    "pm10": "air",
    "battery_voltage": "battery",
    "sensors_lost": "sensor",
}
HEAD = N_("[{what}] ")
BACK, HUB_FAILS = N_("Back"), N_("Hub fails")
KNOWN = "known"  # the turn of what saw nothing and sees again, with nothing the matter
CLOCK = N_("nobody has set the hub's clock for {minutes} min: times of alerts may be wrong, robots may refuse messages")
CLOCK_BACK = N_("the hub's clock is right again")
LEAST_HEAT = 15.0  # degC: a limit below it is one of cold, where no value tells


class AlertFacts(msgspec.Struct, frozen=True):
    """What a sentence is made of. Times are microseconds UTC, `offset_h` the site's hours ahead of it.

    `value` and `worst` are in `unit`; `fall`: how fast the air's temperature fell in the half hour before, K an hour
    above 0, None where it is not known or did not fall. `critical`: at which 10 % of the buds die. `minutes`: of
    silence. `late`: it came here long after it happened. `count`: of stations, where that is what it is about.
    """

    station: str
    what: What
    turn: str
    at_us: int | None
    now_us: int
    offset_h: float
    rule: str = ""
    quantity: str = ""
    unit: str = ""
    value: float | None = None
    worst: float | None = None
    limit: float | None = None
    air: float | None = None
    fall: float | None = None
    crop: str = ""
    stage: str = ""
    assumed: bool = False
    critical: float | None = None
    sensors: tuple[str, ...] = ()
    buses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    minutes: int = 0
    count: int = 0
    late: bool = False
    reason: Reason | None = None


def what_of(alert: Alert) -> What:
    """Return what an alert of a station is about."""
    if alert.crop:
        return "frost"
    found = OF_QUANTITY.get(alert.quantity.partition(".")[0], "other")
    worst = alert.value if alert.worst is None else alert.worst
    if found != "heat":
        return found
    nothing = worst is None or worst == alert.limit or (not alert.step and alert.turn in ("blind", "seeing"))
    is_cold = alert.limit < LEAST_HEAT if nothing or worst is None else worst < alert.limit
    return "cold" if is_cold else "heat"


def facts_of(alert: Alert, station: str, at_us: int | None, now_us: int, offset_h: float) -> AlertFacts:
    """Return what is known of a station's alert; `station`: its name for people.

    A rule that knew nothing and sees again, with no alert open, has a turn of its own.
    """
    critical = CRITICAL.get(alert.crop, {}).get(alert.stage)
    turn = KNOWN if alert.turn == "seeing" and not alert.step else alert.turn
    return AlertFacts(
        *(station, what_of(alert), turn, at_us, now_us, offset_h, alert.rule, alert.quantity, alert.unit),
        *(alert.value, alert.worst, alert.limit),
        crop=alert.crop,
        stage=alert.stage,
        assumed=alert.assumed,
        critical=critical,
        sensors=tuple(alert.sensors),
        buses=tuple((bus, tuple(names)) for bus, names in alert.buses.items()),
    )


def sentence(words: Spoken, facts: AlertFacts) -> str:
    """Return what one alert says now."""
    head = words.say(HEAD, what=words.say(_head(facts)))
    parts = [part for part in _parts(words, facts) if part]
    late = words.say(N_(" (late: it came only now)")) if facts.late else ""
    text = reduce(lambda before, after: words.say(N_("{before}, {after}"), before=before, after=after), parts)
    return f"{head}{text}{late}"


def begun(lines: list[str]) -> tuple[str, ...]:
    """Return a message's lines with the word before the first that each message begins with."""
    return (f"{WORD} {lines[0]}".replace(f"{WORD} 【", f"{WORD}【"), *lines[1:])


def clock_time(facts_us: int | None, now_us: int, offset_h: float, words: Spoken) -> str:
    """Return a time by the site's clock: "02:14", with the day before it where that is another one."""
    if facts_us is None:
        return words.say(N_("at an unknown time"))
    local, now = (datetime.fromtimestamp(us / 1e6, UTC) + timedelta(hours=offset_h) for us in (facts_us, now_us))
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%m-%d %H:%M}"


def _head(facts: AlertFacts) -> str:
    if facts.turn == KNOWN:
        return BACK
    if facts.turn in ("cleared", "ended"):
        return BACK if facts.what in ("silent", "all_silent", "channel", "clock") else N_("All clear")
    if facts.turn == "still":
        return N_("Still frost")
    return N_("Not known") if facts.turn == "blind" else WHAT[facts.what]


def _parts(words: Spoken, facts: AlertFacts) -> list[str]:
    at = clock_time(facts.at_us, facts.now_us, facts.offset_h, words)
    where = words.say(N_("{station} {time}"), station=facts.station, time=at)
    if facts.what == "channel":
        return _of_channel(words, facts, at)
    if facts.what in ("clock", "all_silent"):
        return [_of_the_hub(words, facts, at)]
    if facts.turn in ("cleared", "ended", KNOWN):
        return [where, _over(words, facts)]
    if facts.what == "silent":
        return _of_silence(words, facts, at)
    if facts.turn == "blind":
        what = words.say(WHAT[facts.what])
        return [where, words.say(N_("{what} cannot be judged: its values are missing or doubtful"), what=what)]
    if facts.what == "frost":
        return [where, *_of_frost(words, facts)]
    if facts.what == "sensor":
        return [where, *_of_sensors(words, facts)]
    return [where, *_of_value(words, facts)]


def _of_frost(words: Spoken, facts: AlertFacts) -> list[str]:
    if facts.air is not None:
        sentence = words.say(
            N_("air {air} °C (wet bulb {value})"), air=f"{facts.air:.1f}", value=_number(facts.value, "degC")
        )
    else:
        sentence = words.say(N_("wet bulb {value} °C"), value=_number(facts.value, "degC"))
    parts = [sentence]
    if facts.fall is not None:
        parts.append(words.say(N_("fell {fall} °C an hour in the last 30 min"), fall=f"{facts.fall:.1f}"))
    if facts.critical is not None:
        stage = words.stage(facts.stage)
        stage = words.say(N_("{stage} (assumed)"), stage=stage) if facts.assumed else stage
        gaps = {"crop": words.crop(facts.crop), "stage": stage, "critical": f"{facts.critical:.1f}"}
        parts.append(words.say(N_("{crop}, {stage}: 10 % of the buds die at {critical} °C"), **gaps))
    return parts


def _of_value(words: Spoken, facts: AlertFacts) -> list[str]:
    value = _amount(words, _number(facts.value, facts.quantity), facts.unit)
    parts = [words.say(N_("{quantity} {amount}"), quantity=words.quantity(facts.quantity), amount=value)]
    if facts.limit is not None:
        parts.append(words.say(N_("limit {limit}"), limit=_amount(words, f"{facts.limit:g}", facts.unit)))
    return parts


def _of_sensors(words: Spoken, facts: AlertFacts) -> list[str]:
    """Return what is silent: a whole bus in one sentence, as lightning leaves it, then what is left."""
    sentence = N_("everything on {bus} is silent ({sensors}): look at its fuse, its surge protector and its power")
    join = words.say(N_(", ")).join
    parts = [words.say(sentence, bus=bus, sensors=join(sensors)) for bus, sensors in facts.buses]
    gone = {name for _, sensors in facts.buses for name in sensors}
    rest = [name for name in facts.sensors if name not in gone]
    if rest or not parts:
        names = join(rest) or _number(facts.value, "")
        parts.append(words.say(N_("no value from {sensors}"), sensors=names))
    return parts


def _of_the_hub(words: Spoken, facts: AlertFacts, at: str) -> str:
    """Return what concerns no station alone: the hub's clock, and that nothing is heard of any."""
    if facts.what == "clock":
        said = CLOCK_BACK if facts.turn == "cleared" else CLOCK
    elif facts.turn == "cleared":
        said = N_("stations are heard again since {time}")
    else:
        said = N_("nothing from any of the {n} stations for {minutes} min: look at the broker and at the hub")
    return words.say(said, n=facts.count, minutes=facts.minutes, time=at)


def _of_silence(words: Spoken, facts: AlertFacts, at: str) -> list[str]:
    gaps = {"station": facts.station, "minutes": facts.minutes}
    parts = [words.say(N_("{station}: no data for {minutes} min"), **gaps)]
    if facts.air is not None:
        wet = _number(facts.value, "degC")
        parts.append(
            words.say(N_("last at {time}: air {air} °C (wet bulb {value})"), time=at, air=f"{facts.air:.1f}", value=wet)
        )
    if facts.fall is not None:
        parts.append(words.say(N_("it was falling")))
    return parts


def _of_channel(words: Spoken, facts: AlertFacts, at: str) -> list[str]:
    if facts.turn in ("cleared", "ended"):
        return [words.say(N_('channel "{name}" takes messages again since {time}'), name=facts.station, time=at)]
    why = "" if facts.reason is None else words.reason(facts.reason)
    return [words.say(N_('channel "{name}" takes no messages: {why}'), name=facts.station, why=why)]


def _over(words: Spoken, facts: AlertFacts) -> str:
    what = words.say(WHAT[facts.what])
    if facts.what == "silent":
        return words.say(N_("it sends again"))
    if facts.turn == KNOWN:
        return words.say(N_("{what} can be judged again"), what=what)
    if facts.turn == "ended":
        return words.say(N_("{what}: the rule is no longer there"), what=what)
    if facts.what == "sensor":
        return words.say(N_("every sensor gives values again"))
    sentence = N_("{what} is over") if facts.worst is None else N_("{what} is over, worst {worst}")
    if facts.what == "battery" and facts.worst is not None:
        sentence = N_("the battery is well again, lowest {worst}")
    return words.say(sentence, what=what, worst=_amount(words, _number(facts.worst, facts.quantity), facts.unit))


def _amount(words: Spoken, number: str, unit: str) -> str:
    """Return a number with its unit, as people of that language write it."""
    return words.say(N_("{number} °C"), number=number) if unit == "degC" else f"{number} {words.unit(unit)}".rstrip()


def _number(value: float | None, quantity: str) -> str:
    """Return a value with the digits that people read: a temperature with one, though it is reported with two."""
    if value is None:
        return "–"
    known = QUANTITIES.get(quantity.partition(".")[0])
    return f"{value:.{1 if known is None or known.unit == 'degC' else known.decimals}f}"
