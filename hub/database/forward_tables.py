"""The tables of what is forwarded to other platforms.

`forwarded`: what a destination has proven to have, in the revision that is here. `forward_batch`: what is being sent,
its bytes fixed before the first try. `forward_aside`: what a destination does not take. `forward_lane`: how it goes.
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
# Who sends has a lease, as all else that one of several hubs does.
NO_CLAIMS = "ALTER TABLE forward_lane DROP COLUMN holder;\nALTER TABLE forward_lane DROP COLUMN until"
