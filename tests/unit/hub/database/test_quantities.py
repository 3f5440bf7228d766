"""A view a quantity answers on both databases, whatever stations say."""

from __future__ import annotations

from drivers.quantity import QUANTITIES
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.sink_kit import delivery, query, row
from tests.unit.hub.database.test_hours import minute, setup


def test_a_quantity_has_its_view(sink: DatabaseSink, url: str) -> None:
    """Each minute of each sensor with value and flag, by the station's day; missing is NULL and says so."""
    body = {
        "values": {"air_temperature": -5.3, "air_temperature.louvre": None, "air_temperaturex": 3},
        "quality": {"air_temperature": 1, "air_temperature.louvre": 9},
    }
    sink.commit(delivery(setup(1, 8), minute(2, 16 * 60, body)))
    found = query(url, "SELECT station, sensor, day, value, quality FROM v_air_temperature ORDER BY sensor")
    assert [(s, name, str(day), None if v is None else float(v), q) for s, name, day, v, q in found] == [
        ("s", "", "2026-01-02", -5.3, 1),
        ("s", "louvre", "2026-01-02", None, 9),
    ]
    engine = opened(url)
    assert {f"v_{name}" for name in QUANTITIES} <= engine.tables()
    engine.close()


def test_a_view_that_is_lacking_is_made_again(sink: DatabaseSink, url: str) -> None:
    """A newer hub that knows one quantity more makes its view at its start."""
    query(url, "DROP VIEW v_noise")
    DatabaseSink(opened(url)).close()
    assert query(url, "SELECT * FROM v_noise") == []


def test_nonsense_blocks_no_reader(sink: DatabaseSink, url: str) -> None:
    """What is no number has no value; what is no table of values has no row."""
    wrong = [
        {"values": 5},
        {"values": "x", "quality": [1]},
        {"values": {"noise": "loud"}, "quality": {"noise": "good"}},
    ]
    wrong += [{"values": {"noise": 1e308}, "quality": {"noise": 1.5e300}}, {"values": [1]}, {}, {"values": None}]
    sink.commit(delivery(*(row(seq, body) for seq, body in enumerate(wrong, 1))))
    found = query(url, "SELECT value, quality FROM v_noise ORDER BY start_us")
    assert [(None if v is None else float(v), quality) for v, quality in found] == [(None, None), (1e308, None)]
