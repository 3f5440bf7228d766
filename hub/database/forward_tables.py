"""The tables of what is forwarded to other platforms.

`forwarded`: the records that a destination has acknowledged, in the stored revision. `forward_batch`: batches in
transit, their bytes fixed before the first attempt. `forward_aside`: the records that a destination refuses.
`forward_lane`: the state of each destination.
"""

TABLES = """
CREATE TABLE forwarded (
    destination {text} NOT NULL, station {text} NOT NULL, epoch {text} NOT NULL, first {int} NOT NULL,
    last {int} NOT NULL,
    PRIMARY KEY (destination, station, epoch, first)
) {busy};
CREATE TABLE forward_batch (
    destination {text} NOT NULL, batch {int} NOT NULL, names {text} NOT NULL, raw {bytes} NOT NULL,
    PRIMARY KEY (destination, batch)
);
CREATE TABLE forward_aside (
    destination {text} NOT NULL, station {text} NOT NULL, epoch {text} NOT NULL, seq {int} NOT NULL,
    revision {int} NOT NULL, arrived {int} NOT NULL, why {text} NOT NULL,
    PRIMARY KEY (destination, station, epoch, seq)
);
CREATE TABLE forward_lane (
    destination {text} NOT NULL, holder {text}, until {int}, proven {int}, newest {int}, tried {int}, why {text},
    PRIMARY KEY (destination)
) {busy};
"""
# Which hub sends is decided by a lease instead (`lease.py`).
NO_CLAIMS = "ALTER TABLE forward_lane DROP COLUMN holder;\nALTER TABLE forward_lane DROP COLUMN until"
