"""The demo's station.toml: the same file, loaded by the same loader, as a technician's."""

from __future__ import annotations

from pathlib import Path

from edge.language.texts import _

WHOLE = """\
# A whole station on device twins: one device of each bus, all quantities of a mountain orchard.
[station]
id = "{station}"
title = "{title}"

[site]
latitude = 31.68
longitude = 103.85
altitude_m = 1590.0
crop = "apple, sweet cherry"

[state]
dir = "{state}"

[broker]
url = "{broker}"
proof = "{proof}"
retry_max_s = 10.0

[[sensor]]  # temperature, humidity, pressure in the shelter (I2C)
name = "shelter"
driver = "bme280"
address = 0x76
height_m = 2.0

[[sensor]]  # light (I2C)
name = "light"
driver = "veml7700"
address = 0x10
height_m = 2.5

[[sensor]]  # a second thermometer near the ground, where frost comes first (1-Wire, a kernel file)
name = "hedge"
driver = "w1-therm"
path = "sim-w1"
height_m = 0.5

[[sensor]]  # wind speed, direction and rain of the RS-485 line, and bright sun up to 200 klx
name = "cups"
driver = "modbus"
port = "sim-rs485"
profile = "{wind_profile}"
address = 1
height_m = 10.0

[[sensor]]
name = "vane"
driver = "modbus"
port = "sim-rs485"
profile = "{vane_profile}"
address = 2
height_m = 10.0

[[sensor]]
name = "rain485"
driver = "modbus"
port = "sim-rs485"
profile = "{rain_profile}"
address = 3
height_m = 1.0

[[sensor]]
name = "sun"
driver = "modbus"
port = "sim-rs485"
profile = "{light_profile}"
baud = 4800
address = 4
height_m = 2.5

[[sensor]]  # the tipping bucket on a GPIO line: the primary rain gauge
name = "bucket"
driver = "pulses"
kind = "rain"
line = 5
mm_per_tip = 0.2
primary = true
height_m = 1.0

[[sensor]]  # a second, cheap cup anemometer among the trees
name = "orchard-cups"
driver = "pulses"
kind = "wind"
line = 6
height_m = 2.0

[[sensor]]  # particles (serial)
name = "dust"
driver = "plantower"
port = "sim-dust"
height_m = 2.0

[[sensor]]  # the all-in-one station of the neighbour's field (serial)
name = "field"
driver = "ascii-station"
port = "sim-field"
height_m = 2.0
"""

ALERTS = """
[[alert]]
name = "frost"
crop = "apple"

[[alert]]
name = "gale"
channel = "wind_speed_of_gust"
above = [17.2, 24.5]
hold_min = 1

[[alert]]
name = "sensors"
lost = [1.0, 2.0, 4.0]
"""
CAMERA = """
[[camera]]
name = "orchard"
driver = "http"
url = "{camera}"
every_min = 60
"""

CAPTURE = """\
# The all-in-one station of a capture, played back line by line.
[station]
id = "{station}"
title = "{title}"

[site]
latitude = 23.12
longitude = 113.87
altitude_m = 20.0
utc_offset_h = {utc_offset}

[state]
dir = "{state}"

[broker]
url = "{broker}"
proof = "{proof}"
retry_max_s = 10.0

[[sensor]]
name = "field"
driver = "ascii-station"
port = "sim-field"
mm_per_tip = {mm_per_tip}
pm = {pm}
"""
PROFILES = {
    "wind_profile": "rs-fsjt",
    "vane_profile": "rs-fxjt",
    "rain_profile": "rain-renke",
    "light_profile": "sen0644",
}


def quoted(text: str) -> str:
    """Return a text escaped for a basic TOML string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def title(number: int) -> str:
    """Return what people call the `number`th station of a demo."""
    return _("Maoxian demo orchard") + (f" {number}" if number > 1 else "")


def capture_title(file: str) -> str:
    """Return what people call the station that a capture drives."""
    return _("Capture {file}").format(file=file)


def whole_station(
    station: str, state: Path, broker: str, proof: str, camera: str | None, number: int = 1, fitted: str = ""
) -> str:
    """Return the file of a station with all quantities, the `number`th of a demo.

    Without `camera` (a snapshot's URL) it takes no pictures; `fitted`: additional equipment, as TOML.
    """
    text = WHOLE.format(
        station=station,
        title=quoted(title(number)),
        state=quoted(str(state)),
        broker=quoted(broker),
        proof=proof,
        **PROFILES,
    )
    return text + ALERTS + fitted + (CAMERA.format(camera=quoted(camera)) if camera else "")


def capture_station(
    station: str,
    state: Path,
    broker: str,
    proof: str,
    *,
    capture: str,
    utc_offset: float,
    mm_per_tip: float,
    pm: bool,
) -> str:
    """Return the file of a station that a capture drives: the ASCII station alone."""
    return CAPTURE.format(
        station=station,
        state=quoted(str(state)),
        broker=quoted(broker),
        proof=proof,
        title=quoted(capture_title(capture)),
        utc_offset=float(utc_offset),
        mm_per_tip=float(mm_per_tip),
        pm="true" if pm else "false",
    )
