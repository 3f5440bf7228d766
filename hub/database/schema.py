"""The tables, as a list of migrations: a new version appends migrations and never changes one.

The hub writes the tables `record`, `ledger`, `epoch`, `picture`, `conflict`, `note`; `minute`, `setup`, `event` and
`station` are views for people, as are those over hours (`hourly_tables.py`). Times are microseconds UTC as integers
(`..._us` in the views); a database's own time types are used only in views. A minute belongs to the day of its `start`,
by the offset of the setup under which it was made.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from drivers.reason import Reason
from hub.database import accounts, alarm_tables, forward_tables, held_hours, hourly_tables, late_indexes, orders
from hub.database.engine import Engine
from hub.database.errors import DatabaseRefusedError
from hub.database.statements import run

PROGRAM = "minshan_hub"  # the table that marks the database as a Minshan hub's
OTHERS = Reason(
    "others_database",
    "{database} is another program's database (it has {table}): name an empty one, or a new file",
    database="",
    table="",
)
MOST_GENERATION = 2**52  # generations are random, so that a copy restored by hand matches no earlier receipt
TABLES = """
CREATE TABLE record (
    station {text} NOT NULL, epoch {text} NOT NULL, seq {int} NOT NULL, revision {int} NOT NULL,
    kind {text}, start {int}, duration {float}, source {text}, error {float}, not_before {int}, not_after {int},
    boot {text}, boottime {float}, setup {int}, arrived {int} NOT NULL,
    wrong {text},
    body {json},
    raw {bytes} NOT NULL,
    PRIMARY KEY (station, epoch, seq)
);
CREATE INDEX record_start ON record (station, start);
CREATE INDEX record_event ON record (station, kind) WHERE kind <> 'minute';
CREATE INDEX record_revised ON record (station, epoch, seq) WHERE revision > 0;
CREATE TABLE ledger (
    station {text} NOT NULL, epoch {text} NOT NULL, first {int} NOT NULL, last {int} NOT NULL,
    PRIMARY KEY (station, epoch, first)
) {busy};
CREATE TABLE epoch (
    station {text} NOT NULL, epoch {text} NOT NULL, arrived_first {int}, arrived_last {int},
    said_first {int}, said_last {int},
    PRIMARY KEY (station, epoch)
) {busy};
CREATE TABLE picture (
    station {text} NOT NULL, picture {text} NOT NULL, part {text} NOT NULL, epoch {text} NOT NULL, seq {int} NOT NULL,
    camera {text} NOT NULL, size {int} NOT NULL, sha256 {text} NOT NULL, time {int}, file {text} NOT NULL,
    PRIMARY KEY (station, picture, part)
);
CREATE TABLE conflict (
    station {text} NOT NULL, epoch {text} NOT NULL, seq {int} NOT NULL, revision {int} NOT NULL,
    digest {bytes} NOT NULL, arrived {int} NOT NULL, raw {bytes} NOT NULL,
    PRIMARY KEY (station, epoch, seq, revision, digest)
);
CREATE TABLE note (
    station {text} NOT NULL, kind {text} NOT NULL, digest {bytes} NOT NULL, arrived {int} NOT NULL,
    raw {bytes} NOT NULL,
    PRIMARY KEY (station, kind, digest)
);
"""
SETUP = """
CREATE VIEW setup AS
    SELECT station, epoch, seq, revision, start AS start_us, {utc_start} AS start_utc, {offset} AS utc_offset_s, body,
        arrived AS arrived_us
    FROM record WHERE kind = 'setup';
"""
VIEWS = """
CREATE VIEW minute AS
    SELECT r.station, r.start AS start_us, r.start + {whole_us} AS end_us, {utc_start_r} AS start_utc,
        {local} AS start_local, {day} AS day, r.epoch, r.seq, r.revision, r.source AS clock, r.error AS clock_error_s,
        r.duration AS duration_s, r.setup, {value} AS value, {quality} AS quality, {reason} AS reason,
        r.arrived AS arrived_us
    FROM record r LEFT JOIN setup s ON s.station = r.station AND s.epoch = r.epoch AND s.seq = r.setup
    WHERE r.kind = 'minute' AND r.wrong IS NULL;
CREATE VIEW event AS
    SELECT r.station, r.kind, r.start AS start_us, {utc_start_r} AS start_utc, {local} AS start_local, r.epoch, r.seq,
        r.revision, r.source AS clock, r.error AS clock_error_s, r.setup, r.body, r.wrong, r.arrived AS arrived_us
    FROM record r LEFT JOIN setup s ON s.station = r.station AND s.epoch = r.epoch AND s.seq = r.setup
    WHERE r.kind IS NULL OR r.kind <> 'minute' OR r.wrong IS NOT NULL;
CREATE VIEW station AS
    SELECT station, min(arrived_first) AS arrived_first_us, max(arrived_last) AS arrived_last_us, count(*) AS epochs
    FROM epoch GROUP BY station;
"""


def _first(engine: Engine) -> None:
    """Create the tables of records, the ledger, epochs and pictures, and the views for people."""
    run(engine, TABLES + SETUP + VIEWS)


def _forwarding(engine: Engine) -> None:
    """Create the tables of forwarding."""
    run(engine, forward_tables.TABLES)


def _hours(engine: Engine) -> None:
    """Create the tables of hours and their views; hours of stored minutes are counted in the background."""
    run(engine, hourly_tables.TABLES + hourly_tables.VIEWS + hourly_tables.COUNT_ALL)
    late_indexes.make(engine, "record_other")


def _accounts(engine: Engine) -> None:
    """Create the tables of accounts, sessions and the audit log."""
    run(engine, accounts.TABLES)


def _commands(engine: Engine) -> None:
    """Create the table of commands to stations."""
    run(engine, orders.TABLES)


def _alarms(engine: Engine) -> None:
    """Create the tables of alarms and people on call."""
    run(engine, alarm_tables.TABLES)
    late_indexes.make(engine, "record_alert")


def _exact_hours(engine: Engine) -> None:
    """Add the column of rounding remainders; an hour without them is recounted when a minute is added."""
    run(engine, hourly_tables.RESTS)


def _own_extremes(engine: Engine) -> None:
    """Recreate the views of days: earlier ones could take the time of an extreme from another day's hour."""
    run(engine, "DROP VIEW day;\nDROP VIEW day_20_20;\n" + hourly_tables.DAYS)


def _indexed_setups(engine: Engine) -> None:
    """Recreate the view of setups for SQLite, which uses the index `record_event` only if its condition is repeated.

    PostgreSQL infers that a setup is no minute.
    """
    if not engine.postgres:
        run(engine, "DROP VIEW setup;\n" + SETUP.replace("'setup'", "'setup' AND kind <> 'minute'"))


def _held_hours(engine: Engine) -> None:
    """Create the table of hours held; existing hours are counted in the background."""
    run(engine, held_hours.TABLE + held_hours.COUNT_ALL)


def _indexed_undated(engine: Engine) -> None:
    """Create the index of undated minutes by arrival."""
    late_indexes.make(engine, "record_undated")


def _any_offset(engine: Engine) -> None:
    """Make the view of setups anew for SQLite, whose abs() of -2^63 is an error: such a setup ended all commits."""
    _indexed_setups(engine)


MIGRATIONS: tuple[Callable[[Engine], None], ...] = (
    *(_first, _forwarding, _hours, _accounts, _commands, _alarms),
    _exact_hours,
    lambda engine: run(engine, alarm_tables.REVISION),
    _own_extremes,
    _indexed_setups,
    _held_hours,
    _indexed_undated,
    lambda engine: run(engine, forward_tables.NO_CLAIMS),
    _any_offset,
)


def migrate(engine: Engine) -> None:
    """Create or migrate the tables. Raise SinkError."""
    if version(engine) == len(MIGRATIONS):
        return
    with engine.transaction(patient=True):
        engine.only_migrator()
        known = version(engine)  # another hub may have been first
        if not known:
            run(
                engine,
                f"CREATE TABLE {PROGRAM} (version {{int}} NOT NULL, id {{text}} NOT NULL, generation {{int}} NOT NULL)",
            )
            engine.query(f"INSERT INTO {PROGRAM} VALUES (0, %s, %s)", (secrets.token_hex(8), new_generation()))
        for migration in MIGRATIONS[known:]:
            migration(engine)
        engine.query(f"UPDATE {PROGRAM} SET version = %s", (len(MIGRATIONS),))


def version(engine: Engine) -> int:
    """Return the tables' version, 0 where there are none. Raise DatabaseRefusedError if they are not a hub's."""
    there = engine.tables()
    if not there:
        return 0
    if PROGRAM not in there:
        raise DatabaseRefusedError(OTHERS.having(database=engine.shown, table=min(there)))
    found = engine.query(f"SELECT version FROM {PROGRAM}")
    known = int(found[0][0]) if len(found) == 1 else 0
    refuse_newer(engine.shown, known)
    return known


def refuse_newer(database: str, known: int) -> None:
    """Raise DatabaseRefusedError where the version is a newer hub's."""
    if known > len(MIGRATIONS):
        raise DatabaseRefusedError(
            Reason(
                "newer_hub",
                "{database} was written by a newer hub (version {version} of its tables; this one knows {known}): "
                "install that hub again",
                database=database,
                version=known,
                known=len(MIGRATIONS),
            )
        )


def identity(engine: Engine) -> tuple[str, int]:
    """Return the ledger's id and its generation."""
    ((name, generation),) = engine.query(f"SELECT id, generation FROM {PROGRAM}")
    return str(name), int(generation)


def renew_generation(engine: Engine) -> None:
    """Set a new generation: receipted records may be gone, so stations must ask again."""
    engine.query(f"UPDATE {PROGRAM} SET generation = %s", (new_generation(),))


def new_generation() -> int:
    """Return a random generation that every JSON reader represents exactly."""
    return secrets.randbelow(MOST_GENERATION - 1) + 1
