"""What growers are told, from a real store: over restarts, after a change of time, with a sensor that is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.config.file import load
from edge.config.sections import Config
from edge.control.advice import Advice
from edge.measure.derived.verdict import Verdict
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from provisioning.commands.advice import lines
from tests.kits.station_text import HEAD, SHELTER

BEGIN = 1_775_520_000_000_000  # 2026-04-07 00:00 UTC: 08:00 at the station
FIELD = '[[sensor]]\nname = "field"\ndriver = "ascii-station"\nport = "/dev/ttyUSB0"\n'


def station(folder: Path) -> Config:
    """Return a station with a thermometer, wind and rain, and no leaf sensor."""
    file = folder / "station.toml"
    file.write_text((HEAD + SHELTER + FIELD).format(state=folder / "state"))
    return load(file)


def minute(number: int, **other: Any) -> Draft:
    """Return the minute of that number: a good one for spraying, but for what is other."""
    values = {
        "air_temperature": 16.0,
        "relative_humidity": 60.0,
        "air_pressure": 840.0,
        "wind_speed": 2.0,
        "rainfall_amount": 0.0,
        **other,
    }
    quality = {name: 9 if value is None else 1 for name, value in values.items()}
    body = {"values": values, "quality": quality, "reasons": {}}
    start = BEGIN + number * 60_000_000
    return Draft(Kind.MINUTE, Stamp("b", 60.0 * number), 60.0, start, ClockMark("ntp", 0.05), body)


def asked(config: Config, store: Store, minutes: int, advice: Advice | None = None) -> dict[str, Verdict]:
    """Return what is said after so many minutes, by rule."""
    found = (advice or Advice(config, store)).verdicts(BEGIN + minutes * 60_000_000, None)
    return {verdict.rule: verdict for verdict in found}


def test_the_same_is_said_after_a_restart(tmp_path: Path) -> None:
    """After 12 h of rain at 16 degC scab may infect, whether the daemon ran throughout or started just now."""
    config = station(tmp_path)
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    running = Advice(config, store)
    for number in range(720):
        store.append(minute(number, rainfall_amount=0.1))
        if number % 200 == 0:
            asked(config, store, number, running)
    before, anew = asked(config, store, 720, running), asked(config, store, 720)
    assert before == anew
    assert (anew["scab"].state, anew["scab"].inputs["wet_hours"]) == ("low", 12.0)
    assert anew["spray"].state == "closed"
    assert [reason.code for reason in anew["scab"].why] == ["scab_infection", "scab_estimated"]
    store.close()


@pytest.mark.parametrize("missing", ["air_temperature", "wind_speed", "rainfall_amount", "relative_humidity"])
def test_without_an_input_it_is_not_known(tmp_path: Path, missing: str) -> None:
    """An hour of good minutes: spraying is possible; without any of its inputs it is not known, and which is said."""
    config = station(tmp_path)
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    for number in range(60):
        store.append(minute(number))
    assert asked(config, store, 60)["spray"].state == "open"
    for number in range(60, 120):
        store.append(minute(number, **{missing: None}))
    found = asked(config, store, 120)
    assert found["spray"].state == "unknown"
    assert missing in [reason.params["channel"] for reason in found["spray"].why]
    assert asked(config, store, 300)["spray"].state == "unknown", "of three hours ago"
    assert found["season"].state == "unknown"
    store.close()


def test_people_read_state_cause_inputs_and_source(tmp_path: Path) -> None:
    """A verdict is four things in words: what, why, from what, after whom."""
    from edge.records.bodies import plain

    config = station(tmp_path)
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    for number in range(60):
        store.append(minute(number, wind_speed=5.0))
    said = lines(plain(asked(config, store, 60)["spray"]))
    assert said[0] == "Spraying now: no"
    assert said[1] == "  wind 5.0 m/s, 3.4 or more"
    assert "Maoxian" in said[-1]
    store.close()
