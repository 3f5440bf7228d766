"""A view for each quantity, for people: `v_air_temperature` and so on, each minute with its value and flag.

Missing views are created at a hub's start, so that a new version's quantities get theirs too. `sensor` is "" for the
sensor that is marked primary. A value that is no number is NULL.
"""

from __future__ import annotations

from drivers.quantity import QUANTITIES
from hub.database.engine import Engine
from hub.database.statements import run

VIEW = """
CREATE VIEW v_{{quantity}} AS
    SELECT r.station, substr(v.key, {{after}}) AS sensor, r.start AS start_us, {utc_start_r} AS start_utc,
        {local} AS start_local, {day} AS day, {{value}} AS value, {{quality}} AS quality
    FROM record r LEFT JOIN setup s ON s.station = r.station AND s.epoch = r.epoch AND s.seq = r.setup, {{each}} v
    WHERE r.kind = 'minute' AND r.wrong IS NULL AND substr(v.key || '.', 1, {{whole}}) = '{{quantity}}.';
"""
WORDS = {
    False: {
        "each": "json_each(r.body, '$.values')",
        "value": "CASE WHEN v.type IN ('integer', 'real') THEN v.value END",
        "quality": "(SELECT q.value FROM json_each(r.body, '$.quality') q WHERE q.key = v.key AND q.type = 'integer')",
    },
    True: {
        "each": "LATERAL jsonb_each(CASE jsonb_typeof(r.body -> 'values') WHEN 'object' THEN r.body -> 'values' END)",
        "value": "CASE jsonb_typeof(v.value) WHEN 'number' THEN (v.value #>> '{{}}')::numeric END",
        "quality": "CASE WHEN r.body -> 'quality' ->> v.key ~ '^[1-9]$' "
        "THEN (r.body -> 'quality' ->> v.key)::integer END",
    },
}


def make_views(engine: Engine) -> None:
    """Create the missing views. Raise SinkError."""
    if not lacking(engine):
        return
    with engine.transaction():
        engine.only_migrator()
        for quantity in lacking(engine):  # another hub may have been first
            words = WORDS[engine.postgres] | {
                "quantity": quantity,
                "after": str(len(quantity) + 2),
                "whole": str(len(quantity) + 1),
            }
            text = VIEW
            for name, word in words.items():
                text = text.replace("{{" + name + "}}", word)
            run(engine, text)


def lacking(engine: Engine) -> list[str]:
    """Return the quantities that have no view yet."""
    there = engine.tables()
    return [quantity for quantity in QUANTITIES if f"v_{quantity}" not in there]
