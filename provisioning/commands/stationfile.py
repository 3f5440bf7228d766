"""The text of a new station.toml: the facts, and comments that say what each is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge.language.texts import _, label
from edge.language.words import N_

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

    from drivers.driver import DriverInfo
    from edge.config.sections import SiteSection

# Maoxian, Sichuan: the county's seat by the Min river; what `init` writes where nothing is given.
LATITUDE, LONGITUDE, ALTITUDE, DATUM = 31.68, 103.85, 1590.0, "WGS-84"
# Words for crops whose frost tolerance is known.
CROP_WORDS = {
    "apple": ("apple", "苹果"),
    "cherry": ("cherry", "樱桃"),
    "plum": ("plum", "李"),
    "loquat": ("loquat", "枇杷"),
}
USUAL = (
    ("gale", "wind_speed_of_gust", "above", [17.2, 24.5]),
    ("gale", "wind_speed", "above", [10.8, 17.2]),  # without gusts: the signals blue and yellow, as heat has
    ("cloudburst", "rainfall_amount", "above", [1.0, 2.0]),
    ("heat", "air_temperature", "above", [35.0, 37.0, 40.0]),  # the Meteorological Administration's signals
    ("air", "pm2p5", "above", [150.0, 250.0]),  # HJ 633: heavy from index 200 on, severe from 300 on
    ("battery", "battery_voltage", "below", [11.8, 11.4]),
)
WATCHES = {  # what people read above each rule: by its channel, else by its name
    "frost": N_("frost, by the wet bulb: set the stage with minshan stage, or the most sensitive one is assumed"),
    "gale": N_("gusts, m/s: Beaufort 8, Beaufort 10"),
    "wind_speed": N_("mean wind, m/s: Beaufort 6, Beaufort 8 (this sensor is read too seldom for gusts)"),
    "cloudburst": N_("rain of one minute, mm"),
    "heat": N_("heat, °C"),
    "air": N_("PM2.5 for an hour, µg/m³: heavily, severely polluted"),
    "battery": N_("a 12 V lead-acid battery, V: a third left, nearly empty"),
    "sensors": N_("number of silent sensors"),
}
NOTIFY = (
    'name = "group"',
    'kind = "wecom"',
    'key_file = "/etc/minshan/wecom.key"',
    "[[person]]",
    'name = ""',
    'phone = ""',
)
HOLD_MIN = {"wind_speed_of_gust": 1, "rainfall_amount": 1, "pm2p5": 60}  # the others 3; HJ 633 is for means of an hour


def unasked(site: SiteSection) -> list[str]:
    """Return the keys of [site] that were not given, and not corrected since."""
    stands = {
        "latitude": ("latitude", site.latitude == LATITUDE),
        "longitude": ("longitude", site.longitude == LONGITUDE),
        "altitude": ("altitude_m", site.altitude_m == ALTITUDE),
    }
    return [key for fact, (key, still) in stands.items() if still and fact in site.assumed]


def written(facts: dict[str, Any], sensors: list[dict[str, Any]], cameras: list[dict[str, Any]]) -> str:
    """Return the file's text."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(_("A Minshan station. After a change: minshan run --check, then restart it.")))
    for name, table in sections(facts).items():
        document.add(tomlkit.nl())
        document.add(name, table)
    rows(document, "sensor", sensors)
    rows(document, "camera", cameras)
    rows(document, "alert", alerts(facts["crop"], sensors))
    document.add(tomlkit.nl())
    for line in (
        _("The station itself notifies people when its hub does not: fill this in and remove the #."),
        "[[channel]]  # " + _("wecom, dingtalk, webhook or mail; then try it: minshan notify test"),
        *NOTIFY,
    ):
        document.add(tomlkit.comment(line))
    return tomlkit.dumps(document) + forward()


def forward() -> str:
    """Return the part about other platforms, as comments: most stations have none."""
    lines = (
        _("Another platform that receives the records too, besides the one behind [broker]:"),
        "[[forward]]",
        'name = "county"',
        'kind = "http-json"  # ' + _("or mqtt-json; docs/forward.md says what each sends"),
        'url = "https://weather.county.example/api/records"',
        'secret_file = "/etc/minshan/county.secret"  # ' + _("a file with the value of the header Authorization"),
        "every_min = 10  # " + _("minutes sent together: one request per minute would cost about ten MB a day"),
    )
    return "\n" + "".join(f"# {line}\n" for line in lines)


def sections(facts: dict[str, Any]) -> dict[str, Table]:
    """Return the tables that occur once."""
    found = {
        "station": commented(
            ("id", facts["station"], _("the permanent name of its data: never change it")),
            ("title", facts["title"], _("what people call it")),
        ),
        "site": commented(
            *assumed(facts["unasked"]),
            ("latitude", facts["latitude"], _("degrees north")),
            ("longitude", facts["longitude"], _("degrees east")),
            ("datum", facts["datum"], _("WGS-84, CGCS2000 or GCJ-02 (Chinese maps)")),
            ("altitude_m", facts["altitude"], _("metres above sea level; limits of air pressure follow from it")),
            ("utc_offset_h", 8.0, _("hours ahead of UTC: the local day")),
            ("crop", facts["crop"], _("what grows there")),
        ),
        "state": commented(
            ("dir", facts["state"], _("the local archive is here")),
            ("records_mb", 1000, _("megabytes that records may take")),
            ("pictures_mb", 4000, _("megabytes that photos may take")),
            ("archive_days", 365, _("days for which sent data are kept")),
        ),
    }
    if facts["broker"]:
        found["broker"] = commented(
            ("url", facts["broker"], _("mqtts://host:8883, with ca_file if it has a CA of its own")),
            ("", None, _('password_file = "/etc/minshan/broker.password"  (better there than in the address)')),
            ("proof", "committed", _("data count as sent when the platform says that they are on its disk;")),
            (
                "",
                None,
                _('with "broker" its acknowledgement is enough: what it drops while the platform is offline is lost'),
            ),
        )
        found["budget"] = commented(
            (
                "mb_per_month",
                facts["budget"],
                _("megabytes of mobile data; minshan budget plan shows what they are used for"),
            ),
            ("billing_day", 1, _("the day of the month on which the SIM's data allowance starts again")),
        )
    return found


def known_crop(crop: str) -> str | None:
    """Return the key of a crop whose frost tolerance is known; None of another one."""
    return next((known for known, words in CROP_WORDS.items() if any(word in crop.lower() for word in words)), None)


def alerts(crop: str, sensors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the usual alert rules for a station of this crop and these sensors."""
    measured = watched(sensors)
    named = known_crop(crop)
    found: list[dict[str, Any]] = []
    if named and "air_temperature" in measured:
        found.append({"name": "frost", "crop": named})
    for name, channel, side, limits in USUAL:
        if channel in measured and all(name != rule["name"] for rule in found):
            found.append({"name": name, "channel": channel, side: limits, "hold_min": HOLD_MIN.get(channel, 3)})
    if sensors:
        found.append({"name": "sensors", "lost": [1.0, 2.0, 4.0], "hold_min": 15})
    return found


def measured_by(table: dict[str, Any]) -> list[str]:
    """Return the quantities of a sensor."""
    info, settings = driver_of(table)
    return [channel.quantity for channel in info.channels(settings)]


def driver_of(table: dict[str, Any]) -> tuple[DriverInfo, Any]:
    """Return the driver of a sensor, and its settings."""
    from drivers.catalog import find
    from edge.config.file import COMMON, settings_from

    info = find(table["driver"])
    return info, settings_from(info, {key: value for key, value in table.items() if key not in COMMON})


def watched(sensors: list[dict[str, Any]]) -> set[str]:
    """Return the plain channels that rules may watch: what sensors measure, and what a minute makes of that.

    A quantity's plain name is its primary sensor's.
    """
    from edge.config.across_alerts import made_of

    found: dict[str, tuple[str, ...]] = {}
    for table in sorted(sensors, key=lambda table: not table.get("primary")):
        info, settings = driver_of(table)
        for quantity in () if table.get("primary") is False else measured_by(table):
            found.setdefault(quantity, made_of(quantity, info.samples_per_minute(settings)))
    return {name for quantity, beside in found.items() for name in (quantity, *beside)}


def assumed(missing: list[str]) -> list[tuple[str, Any, str]]:
    """Return the key `assumed`, which lists the missing facts of the site; nothing where all were given."""
    if not missing:
        return []
    return [("assumed", missing, _("NOT GIVEN, so these are Maoxian's values: correct them and delete this line"))]


def commented(*rows: tuple[str, Any, str]) -> Table:
    """Return a table whose keys are followed by comments; without a key the comment is a line of its own."""
    import tomlkit

    table = tomlkit.table()
    for key, value, comment in rows:
        if not key:
            table.add(tomlkit.comment(comment))
            continue
        item = tomlkit.item(value)
        item.comment(comment)
        table.add(key, item)
    return table


def rows(document: TOMLDocument, key: str, tables: list[dict[str, Any]]) -> None:
    """Add the tables `[[key]]`, each with the comments of its kind."""
    import tomlkit

    if not tables:
        return
    array = tomlkit.aot()
    for table in tables:
        row = tomlkit.table()
        if key == "sensor":
            row.add(tomlkit.comment(_("measures: {quantities}").format(quantities=quantities(table))))
        if key == "alert":
            watches = WATCHES.get(table.get("channel", "")) or WATCHES[table["name"]]
            row.add(tomlkit.comment(_(watches)))
        for name, value in table.items():
            row.add(name, tomlkit.value(f"0x{value:02x}") if hexadecimal(key, table, name) else value)
        if key == "sensor":
            for hint in hints(table):
                row.add(tomlkit.comment(hint))
        if "crop" in table:
            row.add(tomlkit.comment(_("offset_k = -2.0        (where the lowest corner is 2 K colder)")))
        array.append(row)
    document.add(tomlkit.nl())
    document.add(key, array)


def hexadecimal(kind: str, table: dict[str, Any], key: str) -> bool:
    """Return whether a value is an address on I2C, which every datasheet writes with 0x."""
    from drivers.catalog import find

    return kind == "sensor" and key == "address" and find(table["driver"]).bus == "i2c"


def quantities(table: dict[str, Any]) -> str:
    """Return what a sensor of that table measures, for people."""
    return _(", ").join(map(label, measured_by(table)))


def hints(table: dict[str, Any]) -> list[str]:
    """Return commented-out lines for facts of a sensor that a person should fill in."""
    wanted = {
        "height_m": _("height_m = 2.0          (metres above ground)"),
        "serial": _('serial = ""             (its serial number)'),
        "calibration": _('calibration = ""        (when and against what it was calibrated)'),
    }
    return [hint for key, hint in wanted.items() if key not in table]
