"""What a technician is sent for: what is silent, what is doubtful and why, and a whole bus as one thing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from drivers.reason import Reason
from edge.clock.clock import system_utc
from hub.alarms.visits import Visit, visits
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Delivery, Row
from tests.kits.sink_kit import came
from tests.kits.wall_kit import MINUTE, record

STATION = "orchard-1"
GOOD, SUSPECT, MISSING = 1, 3, 9
STILL, JUMPED = (Reason(code, "{n}", n=1) for code in ("stands_still", "jumped"))
SENSORS = (
    ("shelter", ("air_temperature", "relative_humidity"), {"port": "/dev/ttyUSB0"}),
    ("vane", ("wind_speed",), {"port": "/dev/ttyUSB0"}),
    ("rain", ("rainfall_amount",), {"chip": "gpiochip0"}),
    ("soil", ("soil_temperature",), {"i2c_bus": 1, "port": None}),
    ("leaf", ("leaf_wetness",), None),
)
CHANNELS = [name for _, names, _ in SENSORS for name in names]


def minute(at: int, **flags: int | tuple[int, Reason | None]) -> dict[str, Any]:
    """Return a minute's body whose channels are good but for these, some with a reason."""
    told = {name: flag if isinstance(flag, tuple) else (flag, None) for name, flag in flags.items()}
    quality = {name: told.get(name, (GOOD, None))[0] for name in CHANNELS}
    values = {name: None if flag == MISSING else 10.0 + at % 5 for name, flag in quality.items()}
    reasons = {name: why.builtins() for name, (_, why) in told.items() if why is not None}
    return {"values": values, "quality": quality, "reasons": reasons}


def found(folder: Path, bodies: Sequence[dict[str, Any]], *others: Row) -> list[Visit]:
    """Return what is to be seen to at a station that told these minutes, the newest last."""
    now, url = system_utc(), f"sqlite://{folder}/hub.db"
    sensors = [{"name": name, "channels": names, "settings": settings} for name, names, settings in SENSORS]
    rows = [record(STATION, 1, now - 1000 * MINUTE, "setup", {"sensors": sensors, "cameras": []})]
    for ago, body in enumerate(reversed(bodies), 1):
        rows.append(record(STATION, 900 - ago, now - ago * MINUTE, "minute", body))
    sink = DatabaseSink(opened(url))
    sink.commit(Delivery((*rows, *others)))
    sink.close()
    engine = opened(url)
    try:
        return visits(engine, None, now)
    finally:
        engine.close()


def told(visit: Visit) -> tuple[str, list[str]]:
    """Return a visit's cause, and of what."""
    return visit.cause, visit.what


def test_sensors_of_one_bus_that_are_all_silent_are_one_cause(tmp_path: Path) -> None:
    """The box and the vane hang on one line; the rain gauge, alone at its chip, is a sensor that is silent."""
    away = dict.fromkeys(("air_temperature", "relative_humidity", "wind_speed", "rainfall_amount"), MISSING)
    assert [told(one) for one in found(tmp_path, [minute(n, **away) for n in range(9)])] == [
        ("bus", ["shelter", "vane"]),
        ("sensor_silent", ["rain"]),
    ]


def test_a_sensor_of_a_bus_that_others_still_speak_on_is_silent_alone(tmp_path: Path) -> None:
    """Nobody takes a surge protector along for it; and one that still tells humidity is not silent."""
    bodies = [minute(n, wind_speed=MISSING, air_temperature=MISSING) for n in range(9)]
    assert [told(one) for one in found(tmp_path, bodies)] == [("sensor_silent", ["vane"])]


def test_a_sensor_that_is_doubtful_in_half_of_the_minutes_is_listed_with_its_newest_reason(tmp_path: Path) -> None:
    """One channel of two is enough; what was said before, or without a reason, is not what is said of it now."""
    before = [minute(n, air_temperature=(SUSPECT, JUMPED)) for n in range(2)]
    good = [minute(n) for n in range(4)]
    now = [minute(7, air_temperature=(SUSPECT, STILL)), minute(8, air_temperature=SUSPECT)]
    (visit,) = found(tmp_path, [*before, *good, *now])
    assert told(visit) == ("sensor_doubtful", ["shelter"])
    assert visit.why == [STILL.builtins()]


def test_what_is_doubtful_or_silent_now_and_then_needs_nobody(tmp_path: Path) -> None:
    """In fewer than half of the newest minutes; a silence counts for no doubt."""
    bodies = [minute(n, soil_temperature=SUSPECT if n < 4 else MISSING if n > 6 else GOOD) for n in range(10)]
    assert found(tmp_path, bodies) == []


def test_minutes_without_a_time_say_nothing_about_now(tmp_path: Path) -> None:
    """Of a box that was in a drawer, say: they are neither the newest nor older than any."""
    rows = [record(STATION, 2000 + n, n * MINUTE, "minute", minute(n, leaf_wetness=MISSING)) for n in range(60)]
    undated = (json.loads(row.raw) | {"start": None, "clock": {"source": "arrival"}} for row in rows)
    others = [msgspec.structs.replace(came(json.dumps(one).encode(), STATION), arrived=system_utc()) for one in undated]
    assert found(tmp_path, [minute(n) for n in range(9)], *others) == []
