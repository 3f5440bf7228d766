"""Find the driver for a sensor by the name under which shops sell it.

A shop's name is a model ("DS18B20 waterproof", "RS-FSJT-N01") or a kind of sensor (翻斗雨量计). Models of RS-485
sensors are in the titles of the profiles; the others, and the terms of the trade in both languages, are here.
"""

from __future__ import annotations

import re

from drivers.devices.profiles import bare, of_models

MOST = 6  # suggestions
RAIN = ("pulses (kind=rain)", "sen0575", "modbus (profile=rain-renke)")
PARTICLES = ("plantower", "sds011", "sen5x")
# Pattern in a shop's name, in lower case without blanks and hyphens -> the drivers for it, each with the setting that
# it needs. Models come first, so that a name with a model matches the model.
NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bme280", ("bme280",)),
    ("ds18b20|1wire|onewire|单总线", ("w1-therm",)),
    ("ina219", ("ina219",)),
    ("ina260", ("ina260",)),
    ("pms[x1357a]00|plantower|攀藤", ("plantower",)),
    ("sds011|novafitness|诺方", ("sds011",)),
    ("sen5|sensirion|盛思锐", ("sen5x",)),
    ("veml|vishay", ("veml7700",)),
    ("victron|vedirect|mppt|smartshunt|bmv7|充电控制|太阳能控制", ("vedirect",)),
    ("windsonic|airmar|nmea|超声波风", ("nmea",)),
    ("fxjt", ("modbus (profile=rs-fxjt)",)),  # one maker's vane and cups are sold as RS-, SN-3000- and PR-3000-
    ("fsjt", ("modbus (profile=rs-fsjt)",)),
    ("翻斗|雨量|测雨|tippingbucket|raingau?ge|rainsensor|rainbucket|pluvio", RAIN),
    ("风向|风标|vane|winddirection", ("modbus (profile=rs-fxjt)", "vane")),
    ("风速|风杯|anemom|windspeed|windcup|windsensor", ("modbus (profile=rs-fsjt)", "pulses (kind=wind)", "nmea")),
    (r"pm2\.?5|pm10|颗粒|粉尘|扬尘|dust|particle|airquality", PARTICLES),
    ("土壤|墒情|soil", ("modbus (profile=rs-ecth)", "modbus (profile=jxbs-3001)", "modbus (profile=mtec-02a)")),
    ("叶面|叶湿|leafwet", ("modbus (profile=s-ym-01)",)),
    ("百叶箱|louvre|louver|stevenson", ("modbus (profile=louvre-box)",)),
    ("二氧化碳|co2", ("modbus (profile=station-co2)",)),
    ("光照|照度|lightsensor|ambientlight|luxmeter", ("veml7700", "modbus (profile=rs-gz-n01-2)")),
    ("温湿度|temperature(and|&)?humidity|thsensor", ("bme280", "modbus (profile=th-renke)")),
    ("气象站|气象仪|weatherstation", ("ascii-station", "modbus (profile=station-renke)", "modbus (profile=sen0658)")),
    ("气压|大气压|barometer|airpressure", ("bme280",)),
    ("温度|thermometer|temperature", ("w1-therm", "bme280")),
)


def drivers_for(name: str) -> tuple[str, ...]:
    """Return the drivers for what a shop sells under that name; empty if unknown."""
    typed = bare(name)
    found = [f"modbus (profile={profile})" for profile in of_models(typed)]
    for words, drivers in NAMES:
        if re.search(words, typed):
            found += drivers
            break
    return tuple(dict.fromkeys(found))[:MOST]
