"""The tables of alarms: alarms, people on call, messages with the services' answers, and leases.

`alarm_taken`: the alert records that have been processed. `alarm_about`: which alarms a message is about.
`alarm_link`: the links for acknowledging. `alarm_lease`: leases, among them that of the hub that delivers.
`alarm_note`: other state that must survive a restart. `said` holds structs as JSON.
"""

from __future__ import annotations

TABLES = """
CREATE TABLE alarm (
    id {text} NOT NULL PRIMARY KEY, station {text} NOT NULL, live {int} NOT NULL, changed {int} NOT NULL,
    said {text} NOT NULL
);
CREATE INDEX alarm_live ON alarm (id) WHERE live = 1;
CREATE INDEX alarm_changed ON alarm (changed);
CREATE TABLE alarm_taken (
    station {text} NOT NULL, epoch {text} NOT NULL, seq {int} NOT NULL,
    PRIMARY KEY (station, epoch, seq)
);
CREATE TABLE alarm_person (name {text} NOT NULL PRIMARY KEY, place {int} NOT NULL, said {text} NOT NULL);
CREATE TABLE alarm_message (
    id {text} NOT NULL PRIMARY KEY, channel {text} NOT NULL, state {text} NOT NULL, urgent {int} NOT NULL,
    made {int} NOT NULL, due {int} NOT NULL, tries {int} NOT NULL, repeated {int} NOT NULL, said {text} NOT NULL
);
CREATE INDEX alarm_message_open ON alarm_message (channel, due) WHERE state IN ('waiting', 'sending');
CREATE INDEX alarm_message_made ON alarm_message (made);
CREATE TABLE alarm_about (
    alarm {text} NOT NULL, message {text} NOT NULL,
    PRIMARY KEY (alarm, message)
);
CREATE TABLE alarm_attempt (
    message {text} NOT NULL, number {int} NOT NULL, channel {text} NOT NULL, tried {int} NOT NULL,
    fate {text}, answer {text}, why {text},
    PRIMARY KEY (message, number)
);
CREATE INDEX alarm_attempt_tried ON alarm_attempt (channel, tried);
CREATE TABLE alarm_link (digest {text} NOT NULL PRIMARY KEY, until {int} NOT NULL, said {text} NOT NULL);
CREATE TABLE alarm_lease (
    id {int} NOT NULL PRIMARY KEY, holder {text} NOT NULL, beat {text} NOT NULL
);
CREATE TABLE alarm_note (name {text} NOT NULL PRIMARY KEY, said {text} NOT NULL);
"""
# The revision in which a record was processed.
REVISION = "ALTER TABLE alarm_taken ADD COLUMN revision {int} NOT NULL DEFAULT 0"
