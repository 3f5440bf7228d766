"""The tables of hours, and the views over them and over single quantities, in both databases' SQL.

`hourly` holds the aggregates of an hour, a row per channel; `stale` lists hours still to be counted; a station's row of
`counting` is the lock of its hours. A day is a view over hours: it cannot differ from them, and needs no storage. `day`
is 0-24 by the station's clock; `day_20_20` is the meteorological day, from 20:00 of the day before to before 20:00.
"""

from __future__ import annotations

TABLES = """
CREATE TABLE hourly (
    station {text} NOT NULL, channel {text} NOT NULL, start {int} NOT NULL, utc_offset_s {int} NOT NULL,
    good {int} NOT NULL, suspect {int} NOT NULL, bad {int} NOT NULL, missing {int} NOT NULL,
    seconds {float} NOT NULL, total {float}, amount {float}, east {float}, north {float},
    lowest {float}, lowest_at {int}, highest {float}, highest_at {int},
    PRIMARY KEY (station, channel, start, utc_offset_s)
) {clustered};
CREATE INDEX hourly_start ON hourly (station, start, utc_offset_s);
CREATE TABLE stale (
    station {text} NOT NULL, start {int} NOT NULL, utc_offset_s {int} NOT NULL,
    PRIMARY KEY (station, start, utc_offset_s)
);
CREATE INDEX stale_start ON stale (start);
CREATE TABLE counting (station {text} NOT NULL PRIMARY KEY);
CREATE INDEX picture_time ON picture (station, time);
CREATE INDEX picture_hash ON picture (picture);
"""
# A day begins at the day's edge before its first hour (by a clock 0 or 14,400 s ahead). Where the clock's offset
# changes, hours of another day lie among a day's own: an extreme is looked up only in the day's own hours.
DAY = """
CREATE VIEW {{name}} AS
    SELECT g.station, g.channel, {day_g} AS day, g.begin_us AS start_us, g.begin_us + 86400000000 AS end_us,
        {mean} AS mean, g.lowest AS min, (
            SELECT min(h.lowest_at) FROM hourly h WHERE h.station = g.station AND h.channel = g.channel
            AND h.start BETWEEN g.first AND g.last AND {{number_h}} = g.number AND h.lowest = g.lowest
        ) AS min_us, g.highest AS max, (
            SELECT min(h.highest_at) FROM hourly h WHERE h.station = g.station AND h.channel = g.channel
            AND h.start BETWEEN g.first AND g.last AND {{number_h}} = g.number AND h.highest = g.highest
        ) AS max_us, {amount} AS sum, g.good, g.suspect, g.bad, g.missing
    FROM (
        SELECT station, channel, {{number}} AS number, min({{number}} * 86400000000 - {{ahead}}) AS begin_us,
            min(start) AS first, max(start) AS last, {sums}
        FROM hourly GROUP BY station, channel, {{number}}
    ) AS g;
"""
HOUR = """
CREATE VIEW hour AS
    SELECT g.station, g.channel, g.start AS start_us, g.start + 3600000000 AS end_us, {utc_start_g} AS start_utc,
        {local_g} AS start_local, g.utc_offset_s, {mean} AS mean, g.lowest AS min, g.lowest_at AS min_us,
        g.highest AS max, g.highest_at AS max_us, {amount} AS sum, g.good, g.suspect, g.bad, g.missing
    FROM hourly g;
"""
COUNTS = ("good", "suspect", "bad", "missing")
SUMS = ("seconds", "total", "amount", "east", "north")
EXTREMES = "min(lowest) AS lowest, max(highest) AS highest"


def _day(name: str, later_s: int) -> str:
    """Return the view of days that begin `later_s` before the station's midnight; a day's number is since 1970."""
    ahead = f"(utc_offset_s + {later_s}) * {{big}}"
    number = f"((start + {ahead}) / 86400000000)"
    number_h = number.replace("start", "h.start").replace("utc_offset_s", "h.utc_offset_s")
    view = DAY.replace("{{name}}", name).replace("{{ahead}}", ahead)
    return view.replace("{{number_h}}", number_h).replace("{{number}}", number)


def _sums(whole: str) -> str:
    counts = (f"{whole.format(f'sum({name})')} AS {name}" for name in COUNTS)
    return ", ".join((*counts, *(f"sum({name}) AS {name}" for name in SUMS), EXTREMES))


# What rounding takes from the sums, as `edge.measure.counts` writes it; NULL: counted by an earlier version.
RESTS = "ALTER TABLE hourly ADD COLUMN rests {text}"
DAYS = _day("day", 0) + _day("day_20_20", 4 * 3600)
VIEWS = HOUR + DAYS
COUNT_ALL = """
INSERT INTO stale SELECT DISTINCT r.station,
    (r.start + coalesce(s.utc_offset_s, 0) * {big}) / 3600000000 * 3600000000 - coalesce(s.utc_offset_s, 0) * {big},
    coalesce(s.utc_offset_s, 0)
    FROM record r LEFT JOIN setup s ON s.station = r.station AND s.epoch = r.epoch AND s.seq = r.setup
    WHERE r.kind = 'minute' AND r.wrong IS NULL AND r.start IS NOT NULL;
"""
# For a direction, `total` is the wind run: 0 is calm, with direction 0; where the vector sum is almost nothing compared
# with it (edge.measure.wind.UNDEFINED), there is no direction.
MEAN = (
    "CASE WHEN g.east IS NULL THEN g.total / nullif(g.seconds, 0) WHEN g.total = 0 THEN 0 "
    "WHEN g.east * g.east + g.north * g.north < 1e-6 * g.total * g.total THEN NULL "
    "WHEN atan2(g.east, g.north) > 0 THEN degrees(atan2(g.east, g.north)) "
    "ELSE degrees(atan2(g.east, g.north)) + 360 END"
)
WORDS = {
    False: {
        "big": "1000000",
        "clustered": "WITHOUT ROWID",
        "sums": _sums("{}"),
        "mean": MEAN,
        "amount": "round(g.amount, 6)",
        "day_g": "date(g.number * 86400, 'unixepoch')",
        "utc_start_g": "strftime('%Y-%m-%dT%H:%M:%SZ', g.start / 1000000, 'unixepoch')",
        "local_g": "strftime('%Y-%m-%dT%H:%M:%S', g.start / 1000000 + g.utc_offset_s, 'unixepoch')",
    },
    True: {
        "big": "bigint '1000000'",
        "clustered": "WITH (fillfactor = 70)",
        "sums": _sums("{}::bigint"),
        "mean": MEAN,
        "amount": "round(g.amount::numeric, 6)::float8",
        "day_g": "date '1970-01-01' + g.number::integer",
        "utc_start_g": "'epoch'::timestamptz + g.start * interval '1 microsecond'",
        "local_g": "'epoch'::timestamp + (g.start + g.utc_offset_s * bigint '1000000') * interval '1 microsecond'",
    },
}
