"""Checks across sections: names, addresses, lines and marks that conflict between tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from drivers.buses.bus import BUSES
from drivers.reason import Reason
from edge.config.across_alerts import Sensors, Wrong, alerts_known, horn_heard
from edge.config.across_cameras import cameras_complete
from edge.config.address import AddressError, parse
from edge.config.errors import BAD_BROKER, BOTH_PASSWORDS
from edge.config.sections import HornSection, SensorSection

NEEDS = {"webhook": "phone", "mail": "mail"}  # what a person must have to be reached by such a channel
NOT_ENCRYPTED = Reason("not_encrypted", "is of no use with {scheme}://: write {scheme}s:// in url", scheme="")
LINE_TAKEN = Reason("line_taken", 'line {line} is used by "{owner}"', line="", owner="")


def across(wrong: Wrong, sensors: Sensors, tables: dict[str, Any]) -> None:
    """Call `wrong(path, reason)` for each conflict in the file's tables.

    `sensors` are in the file's order; None for one that is already reported as wrong.
    """
    for kind in ("sensor", "camera", "alert", "person"):
        same_names(wrong, kind, [table.get("name") for table in rows(tables, kind)])
    same_places(wrong, sensors)
    two_primaries(wrong, sensors)
    cameras_complete(wrong, rows(tables, "camera"))
    broker_complete(wrong, tables.get("broker"))
    alerts_known(wrong, sensors, rows(tables, "alert"))
    horn_fits(wrong, sensors, tables)
    horn_heard(wrong, tables.get("horn"), rows(tables, "alert"))
    own_alone(wrong, rows(tables, "forward"))
    files_fit(wrong, rows(tables, "forward"))
    people_reached(wrong, rows(tables, "channel"), rows(tables, "person"), "notify" in tables)


def rows(tables: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the tables `[[key]]`, with an empty one in place of what is not a table, so that the indices stay."""
    found = tables.get(key, [])
    return [row if isinstance(row, dict) else {} for row in found] if isinstance(found, list) else []


def same_names(wrong: Wrong, kind: str, names: Sequence[Any]) -> None:
    """Report two tables of one kind with the same name."""
    for place, name in enumerate(names):
        if isinstance(name, str) and name in names[:place]:
            reason = Reason(
                "same_name", 'the name "{name}" is taken by another one in this file; each needs its own', name=name
            )
            wrong((kind, place, "name"), reason)


def same_places(wrong: Wrong, sensors: Sensors) -> None:
    """Report two sensors that conflict: an address or port used twice, a line used with different settings."""
    placed: list[SensorSection] = []
    for place, sensor in enumerate(sensors):
        if sensor is None or sensor.info.bus not in BUSES:
            continue
        for other in placed:
            clash = clash_of(sensor, other)
            if clash:
                key, reason = clash
                wrong(("sensor", place, key), reason)
                break
        placed.append(sensor)


def clash_of(sensor: SensorSection, other: SensorSection) -> tuple[str, Reason] | None:
    """Return the key and the reason of a conflict between two sensors; None if there is none."""
    bus, theirs = BUSES[sensor.info.bus], BUSES[other.info.bus]
    where, named = bus.key(sensor.settings), theirs.key(other.settings)
    key = "port" if hasattr(sensor.settings, "port") else "bus"
    if where != named:
        if key != "port" or not hasattr(other.settings, "port") or os.path.realpath(where) != os.path.realpath(named):
            return None
        return key, Reason(
            "two_names",
            'is another name of the port {other} of sensor "{sensor}"; write the same name for both',
            other=named,
            sensor=other.name,
        )
    if bus is not theirs:
        return key, Reason(
            "other_kind",
            'sensor "{sensor}" uses {bus} as {theirs}, this one as {ours}; one port serves one kind',
            sensor=other.name,
            bus=where,
            ours=bus.name,
            theirs=theirs.name,
        )
    address = bus.address(sensor.settings)
    if not address:
        return key, Reason(
            "same_port",
            'sensor "{sensor}" is on {bus} too; this kind of device needs a port of its own',
            sensor=other.name,
            bus=where,
        )
    if bus.line(sensor.settings) != theirs.line(other.settings):
        return "baud", Reason(
            "other_line",
            'sensor "{sensor}" uses {bus} at {theirs}, this one at {ours}; on one line all must agree',
            sensor=other.name,
            bus=where,
            ours=format_line(bus.line(sensor.settings)),
            theirs=format_line(theirs.line(other.settings)),
        )
    if address == theirs.address(other.settings):
        if sensor.info.bus == "gpio":
            return "line", LINE_TAKEN.having(line=sensor.settings.line, owner=other.name)
        return "address", Reason(
            "same_address",
            'sensor "{sensor}" has address {address} on {bus} too; each device needs its own',
            sensor=other.name,
            address=address,
            bus=where,
        )
    return None


def format_line(line: tuple[Any, ...]) -> str:
    """Return a line's settings as text: "9600 N"."""
    return " ".join(str(part) for part in line)


def two_primaries(wrong: Wrong, sensors: Sensors) -> None:
    """Report two sensors that are marked primary for one quantity."""
    owners: dict[str, str] = {}
    for place, sensor in enumerate(sensors):
        if sensor is None or not sensor.primary:
            continue
        for channel in sensor.info.channels(sensor.settings):
            other = owners.setdefault(channel.quantity, sensor.name)
            if other != sensor.name:
                reason = Reason(
                    "two_primaries",
                    'sensor "{sensor}" is primary for {channel} too; only one sensor can be',
                    sensor=other,
                    channel=channel.quantity,
                )
                wrong(("sensor", place, "primary"), reason)
                break


def broker_complete(wrong: Wrong, broker: Any) -> None:
    """Report an invalid broker address, a certificate without its key, and a password given twice."""
    if not isinstance(broker, dict):
        return
    url = broker.get("url")
    if isinstance(url, str) and url.removeprefix("mqtts://").removeprefix("mqtt://") not in ("", url):
        try:
            parse(url)
        except AddressError:
            wrong(("broker", "url"), BAD_BROKER)
    certificate_whole(wrong, ("broker",), broker)
    if "password" in broker and "password_file" in broker:
        wrong(("broker", "password"), BOTH_PASSWORDS)


def certificate_whole(wrong: Wrong, path: tuple[str | int, ...], table: dict[str, Any]) -> None:
    """Report a certificate without its key, and a key without its certificate."""
    for one, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if one in table and other not in table:
            wrong((*path, one), Reason("alone", "also needs {key}", key=other))


def files_fit(wrong: Wrong, forwards: Sequence[dict[str, Any]]) -> None:
    """Report a destination's certificate without its key, and TLS files for an address without TLS."""
    for place, section in enumerate(forwards):
        scheme = str(section.get("url")).partition("://")[0]
        is_mqtt = section.get("kind") == "mqtt-json"
        if is_mqtt:
            certificate_whole(wrong, ("forward", place), section)
        if scheme in ("http", "mqtt"):
            for key in ("ca_file", "cert_file", "key_file") if is_mqtt else ("ca_file",):
                if key in section:
                    wrong(("forward", place, key), NOT_ENCRYPTED.having(scheme=scheme))


def own_alone(wrong: Wrong, forwards: Sequence[dict[str, Any]]) -> None:
    """Report a destination that names stations: a station has only its own records."""
    for place, section in enumerate(forwards):
        if "stations" in section:
            wrong(
                ("forward", place, "stations"), Reason("own_alone", "a station sends its own records: leave this out")
            )


def horn_fits(wrong: Wrong, sensors: Sensors, tables: dict[str, Any]) -> None:
    """Report a horn for an unknown rule, and one whose GPIO lines are in use."""
    horn = tables.get("horn")
    if not isinstance(horn, dict):
        return
    known = [str(rule.get("name")) for rule in rows(tables, "alert")]
    sounded = horn.get("rules")
    for rule in sounded if isinstance(sounded, list) else ():
        if rule not in known:
            names = ", ".join(known) or "–"
            reason = Reason(
                "no_such_rule", 'no [[alert]] has the name "{rule}"; there are: {names}', rule=str(rule), names=names
            )
            wrong(("horn", "rules"), reason)
    chip = horn.get("chip", HornSection.model_fields["chip"].default)
    contacts = [one for one in sensors if one is not None and one.info.bus == "gpio" and one.settings.chip == chip]
    taken = {contact.settings.line: contact.name for contact in contacts}
    for key in ("line", "button_line"):
        line = horn.get(key)
        if isinstance(line, int):
            if line in taken:
                reason = LINE_TAKEN.having(line=line, owner=taken[line])
                wrong(("horn", key), reason)
            taken[line] = "horn"


def people_reached(
    wrong: Wrong, channels: Sequence[dict[str, Any]], people: Sequence[dict[str, Any]], wanted: bool
) -> None:
    """Report a person with an unknown channel, and a channel through which nobody can be reached."""
    known = [str(channel.get("name")) for channel in channels]
    for place, person in enumerate(people):
        chosen = person.get("channels")
        for name in chosen if isinstance(chosen, list) else ():
            if name not in known:
                names = ", ".join(known) or "–"
                reason = Reason(
                    "no_such_channel_of_people",
                    'no [[channel]] has the name "{name}"; there are: {names}',
                    name=str(name),
                    names=names,
                )
                wrong(("person", place, "channels"), reason)
    for place, channel in enumerate(channels):
        need = NEEDS.get(str(channel.get("kind")))
        theirs = [one for one in people if channel.get("name") in (one.get("channels") or known)]
        if need is not None and not any(one.get(need) for one in theirs):
            reason = Reason("channel_wants_person", "needs a [[person]] with {key}", key=need)
            wrong(("channel", place, "kind"), reason)
    if (wanted or people) and not channels:
        wrong(
            ("notify" if wanted else "person",),
            Reason("notify_wants_channel", "needs a [[channel]] through which to notify people"),
        )
