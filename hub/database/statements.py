"""Statements that create tables and views, with `{word}` where the two databases' SQL differs."""

from __future__ import annotations

from hub.database import hourly_tables
from hub.database.engine import Engine

WORDS = {
    False: {"text": "TEXT", "int": "INTEGER", "float": "REAL", "bytes": "BLOB", "json": "TEXT", "busy": ""}
    | {
        "utc_start": "strftime('%Y-%m-%dT%H:%M:%SZ', start / 1000000, 'unixepoch')",
        "utc_start_r": "strftime('%Y-%m-%dT%H:%M:%SZ', r.start / 1000000, 'unixepoch')",
        "whole_us": "CAST(round(r.duration * 1000000) AS INTEGER)",
        "offset": "CASE WHEN json_type(body, '$.site.utc_offset_h') IN ('integer', 'real') "
        "AND json_extract(body, '$.site.utc_offset_h') > -24 AND json_extract(body, '$.site.utc_offset_h') < 24 "
        "THEN CAST(round(json_extract(body, '$.site.utc_offset_h') * 3600) AS INTEGER) END",
        "local": "strftime('%Y-%m-%dT%H:%M:%S', r.start / 1000000 + s.utc_offset_s, 'unixepoch')",
        "day": "date(r.start / 1000000 + s.utc_offset_s, 'unixepoch')",
        "value": "json_extract(r.body, '$.values')",
        "quality": "json_extract(r.body, '$.quality')",
        "reason": "json_extract(r.body, '$.reasons')",
    },
    True: {"text": 'TEXT COLLATE "C"', "int": "BIGINT", "float": "DOUBLE PRECISION", "bytes": "BYTEA", "json": "JSONB"}
    | {
        "busy": "WITH (fillfactor = 70)",  # room on each page for a row's next version (a HOT update)
        "utc_start": "'epoch'::timestamptz + start * interval '1 microsecond'",
        "utc_start_r": "'epoch'::timestamptz + r.start * interval '1 microsecond'",
        "whole_us": "round(r.duration * 1000000)::bigint",
        "offset": "CASE WHEN jsonb_typeof(body -> 'site' -> 'utc_offset_h') = 'number' "
        "AND abs((body -> 'site' ->> 'utc_offset_h')::numeric) < 24 "
        "THEN round((body -> 'site' ->> 'utc_offset_h')::numeric * 3600)::integer END",
        "local": "'epoch'::timestamp + (r.start + s.utc_offset_s * bigint '1000000') * interval '1 microsecond'",
        "day": "('epoch'::timestamp + (r.start + s.utc_offset_s * bigint '1000000') * interval '1 microsecond')::date",
        "value": "r.body -> 'values'",
        "quality": "r.body -> 'quality'",
        "reason": "r.body -> 'reasons'",
    },
}


def run(engine: Engine, script: str) -> None:
    """Run statements, with each `{word}` replaced by the database's SQL."""
    for statement in script.format(**WORDS[engine.postgres], **hourly_tables.WORDS[engine.postgres]).split(";\n"):
        if statement.strip():
            engine.query(statement)
