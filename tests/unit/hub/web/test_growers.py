"""Growers' rules at the hub: the same words as at the station, and unknown where something is missing."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.clock.clock import system_utc
from edge.config.file import load
from edge.control.advice import Advice
from edge.language import texts
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.growers import verdicts
from hub.rights import Role
from hub.sink import Delivery
from tests.kits.office import MINE, Office, office
from tests.kits.station_text import HEAD, SHELTER
from tests.kits.wall_kit import MINUTE, record

FIELD = '[[sensor]]\nname = "field"\ndriver = "ascii-station"\nport = "/dev/ttyUSB0"\n'
SITE = {"latitude": 31.68, "longitude": 103.85, "altitude_m": 1590.0, "utc_offset_h": 8.0}
SETUP = {"configuration": "0" * 64, "flags": "qartod", "site": SITE, "sensors": []}
COUNT = 780
MORNING = 1_777_593_600_000_000  # 2026-05-01 08:00 at the site


def body(number: int, **other: Any) -> dict[str, Any]:
    """Return what a minute says: half a day of rain at 16 degrees, then an hour in which one may spray."""
    values = {
        "air_temperature": 16.0,
        "relative_humidity": 60.0,
        "air_pressure": 840.0,
        "wind_speed": 2.0,
        "rainfall_amount": 0.1 if number < 700 else 0.0,
        **other,
    }
    quality = {name: 9 if value is None else 1 for name, value in values.items()}
    return {"values": values, "quality": quality, "reasons": {}}


def keep(made: Office, first: int, bodies: list[dict[str, Any]], **site: object) -> None:
    """Keep a setup and these minutes, from `first` (microseconds UTC) on; `site`: where it stands elsewhere."""
    rows = [record(MINE, 1, first, Kind.SETUP, SETUP | {"site": SITE | site})]
    rows += [record(MINE, 2 + n, first + n * MINUTE, Kind.MINUTE, one) for n, one in enumerate(bodies)]
    sink = DatabaseSink(opened(made.database))
    sink.commit(Delivery(tuple(rows)))
    sink.close()


def test_the_hub_says_what_the_station_says(tmp_path: Path) -> None:
    """Of the same minutes both make the same: state, reasons, inputs, source."""
    now = MORNING  # by night no spores fly, and layers of air speak against spraying
    first = now - COUNT * MINUTE
    file = tmp_path / "station.toml"
    file.write_text((HEAD + SHELTER + FIELD).format(state=tmp_path / "state"))
    config = load(file)
    assert {name: getattr(config.site, name) for name in SITE} == SITE
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    for number in range(COUNT):
        start, mark = first + number * MINUTE, ClockMark("ntp", 0.05)
        store.append(Draft(Kind.MINUTE, Stamp("b", 60.0 * number), 60.0, start, mark, body(number)))
    there = Advice(config, store).verdicts(now, None)
    store.close()
    with office(tmp_path) as made:
        keep(made, first, [body(number) for number in range(COUNT)])
        assert verdicts(made.engine, MINE, now) == there
    assert [verdict.state for verdict in there[:2]] == ["open", "low"]
    assert not there[0].why


@pytest.mark.parametrize("missing", ["wind_speed", "air_temperature"])
def test_what_is_missing_makes_a_rule_unknown_and_is_named(tmp_path: Path, missing: str) -> None:
    """Without its sensor a rule never says that something is possible; the page names what is missing."""
    first = system_utc() // MINUTE * MINUTE - 90 * MINUTE
    with office(tmp_path) as made:
        keep(made, first, [body(700 + number, **{missing: None}) for number in range(90)])
        headers = {"authorization": f"Bearer {made.token(Role.GROWER, MINE)}", "accept-language": "en"}
        told = httpx.get(f"{made.url}/stations/{MINE}/growers", headers=headers, timeout=20)
    text = html.unescape(told.text)
    assert told.status_code == 200
    assert 'data-verdict="unknown"' in text and f"{texts.label(missing)} is missing or in doubt" in text
    assert 'data-verdict="open"' not in text


@pytest.mark.parametrize(
    "site",
    [{"altitude_m": 1e6}, {"utc_offset_h": 1e300}, {"utc_offset_h": -24}, {"latitude": "31"}, {"longitude": True}],
)
def test_a_place_that_no_station_can_have_costs_the_rules_alone(tmp_path: Path, site: dict[str, object]) -> None:
    """A setup comes from outside: with a site as no file can give it the page is served, without verdicts."""
    with office(tmp_path) as made:
        keep(made, system_utc() // MINUTE * MINUTE - 5 * MINUTE, [body(700 + number) for number in range(5)], **site)
        headers = {"authorization": f"Bearer {made.token(Role.GROWER, MINE)}"}
        told = httpx.get(f"{made.url}/stations/{MINE}/growers", headers=headers, timeout=20)
    assert told.status_code == 200
    assert "data-verdict" not in told.text


def test_a_leaf_sensor_in_the_setup_tells_how_wet_leaves_are(tmp_path: Path) -> None:
    """Half a day of rain by leaves that it calls dry wets none; before the setup named it, the rain counted."""
    sensors = [{"channels": ["air_temperature", "leaf_wetness"]}, "rubbish", {"channels": 7}, {"channels": [7]}, {}]
    found = []
    with office(tmp_path) as made:
        keep(made, MORNING - COUNT * MINUTE, [body(number, leaf_wetness=0.0) for number in range(COUNT)])
        for seq, named in ((9000, []), (9001, sensors)):
            sink = DatabaseSink(opened(made.database))
            setup = SETUP | {"sensors": named}
            sink.commit(Delivery((record(MINE, seq, MORNING + seq, Kind.SETUP, setup),)))
            sink.close()
            found += [one.inputs["wet_hours"] for one in verdicts(made.engine, MINE, MORNING) if one.rule == "scab"]
    assert found[0] and found[0] > 10 and found[1] == 0


def test_an_hours_figures_are_those_of_the_station(tmp_path: Path) -> None:
    """Chill and warmth stand there as the station counted them."""
    now = system_utc()
    season: dict[str, float] = {"since": now - 100 * 24 * 60 * MINUTE, "hours": 2400, "missing": 3, "chill_hours": 812}
    season |= {"utah_chill_units": 640.5, "chill_portions": 41.2, "growing_degree_hours": 5200.0}
    hour = {"begin": now - 60 * MINUTE, "values": {}, "quality": {}, "season": season}
    with office(tmp_path) as made:
        keep(made, now - 10 * MINUTE, [body(800 + number) for number in range(5)])
        sink = DatabaseSink(opened(made.database))
        sink.commit(Delivery((record(MINE, 99, now - 60 * MINUTE, Kind.HOUR, hour),)))
        sink.close()
        found = {one.rule: one for one in verdicts(made.engine, MINE, now)}
    assert found["season"].state == "counted"
    assert found["season"].inputs["chill_portions"] == pytest.approx(41.2)
