"""Finds English words on a Chinese screen: names, units, options and what was typed aside."""

from __future__ import annotations

import re
from functools import cache

from drivers.catalog import catalog
from drivers.devices.profiles import names
from edge.config.sections import BrokerSection, CameraSection, Config, SensorSection, SiteSection

WORD = re.compile(r"[A-Za-z]{4,}")
# What is no word of a sentence: options, paths, addresses, settings, commands in backticks, what was typed.
TOKEN = re.compile(
    r"`[^`]*`|“[^”]*”|'[^']*'|\"[^\"]*\"|\[[^\]]*\]|sudo [\w -]+"
    r"|\S*[/_=\\@]\S*|--?[\w-]+|[\w.]+(?:-[\w.]+)+|\w*\d\w*|\w+\.\w+"
)
# Names of things: of programs, protocols, forms, makers and units.
NAMES = {
    *(
        "minshan",
        "Minshan",
        "JSON",
        "TOML",
        "HTTP",
        "MQTT",
        "mqtt",
        "mqtts",
        "JPEG",
        "Modbus",
        "CRC",
        "basic",
        "digest",
    ),
    *(
        "Picamera",
        "doctor",
        "init",
        "status",
        "maintenance",
        "remote",
        "watch",
        "demo",
        "sensors",
        "picture",
        "list",
        "gaps",
        "read",
        "test",
        "decode",
        "Ctrl",
        "true",
        "false",
        "committed",
        "broker",
        "sudo",
        "chrony",
        "dmesg",
        "journalctl",
    ),
    *("PostgreSQL", "SQLite"),
    *("NMEA", "QARTOD", "UTF", "Linux", "config", "GNSS", "RTSP", "NTP", "proof", "usermod", "dialout", "gpio", "GPIO"),
}


@cache
def known() -> frozenset[str]:
    """Return the names of drivers, profiles and of the settings' keys."""
    found = {*catalog(), *names(), *NAMES}
    for info in catalog().values():
        found |= info.settings.model_fields.keys()
    for section in (SensorSection, CameraSection, SiteSection, BrokerSection, Config):
        found |= section.model_fields.keys()
    return frozenset(found)


def english(text: str, typed: str = "") -> list[str]:
    """Return the English words of four letters and more in a text; `typed` is what the person wrote."""
    for word in sorted(set(WORD.findall(typed)), key=len, reverse=True):
        text = re.sub(rf"\b{word}\b", " ", text)
    return [word for word in WORD.findall(TOKEN.sub(" ", text)) if word not in known()]
