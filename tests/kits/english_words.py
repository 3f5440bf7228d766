"""Finds English words on a Chinese screen: names, units, options and what was typed aside."""

from __future__ import annotations

import re
from functools import cache

from drivers.catalog import catalog
from drivers.devices.profiles import names
from edge.config.sections import BrokerSection, CameraSection, Config, SensorSection, SiteSection
from hub.config import HttpSection

WORD = re.compile(r"[A-Za-z]{4,}")
# What is no word of a sentence: options, paths, addresses, settings, commands in backticks, what was typed.
TOKEN = re.compile(
    r"`[^`]*`|“[^”]*”|'[^']*'|\"[^\"]*\"|\[[^\]]*\]|sudo [\w -]+"
    r"|\S*[/_=\\@]\S*|--?[\w-]+|[\w.]+(?:-[\w.]+)+|\w*\d\w*|\w+\.\w+"
)
# Names of things: of programs, protocols, forms, makers and units.
NAMED = """
alerts person visits dingtalk webhook wecom mail acknowledge remove
Anderson Erez Fishman Gadoury GRDC Jones MacHardy Mills Richardson Stensvand Weinberger advice
CRC ComWinTop Ctrl DFRobot GNSS GPIO HTTP JPEG JSON Linux MQTT Minshan Modbus NMEA NTP ORCH Picamera
PostgreSQL QARTOD RTSP Rika SQLite SenseCAP TOML Temp UTF admin backup basic broker chrony committed config
decode demo dialout digest disable dmesg doctor export false gaps gpio grower http init journalctl jsonl list
maintenance microrobotics minshan mqtt mqtts operator page passwd picamera picture plan proof read remote restore
revoke rtsp sensors show silence stage status sudo technician test tips token true user usermod watch xlsx
"""


@cache
def known() -> frozenset[str]:
    """Return the names of drivers, profiles and of the settings' keys."""
    found = {*catalog(), *names(), *NAMED.split()}
    for info in catalog().values():
        found |= info.settings.model_fields.keys()
    for section in (SensorSection, CameraSection, SiteSection, BrokerSection, Config, HttpSection):
        found |= section.model_fields.keys()
    return frozenset(found)


def english(text: str, typed: str = "") -> list[str]:
    """Return the English words of four letters and more in a text; `typed` is what the person wrote."""
    for word in sorted(set(WORD.findall(typed)), key=len, reverse=True):
        text = re.sub(rf"\b{word}\b", " ", text)
    return [word for word in WORD.findall(TOKEN.sub(" ", text)) if word not in known()]
