"""Decode what a Minshan hub forwards, as an example: python decoder.py < messages

One message a line: a request of http-json, or a message of mqtt-json with its usual names. Prints each record once, in
its latest revision, with the values that are good.
"""

import json
import sys


def keep(table, message):
    """Put a message's records into a table. (station, epoch, seq) names a record; a higher revision replaces it."""
    for record in message.get("records", [message]):
        key = (record["station"], record["epoch"], record["seq"])
        if key not in table or table[key]["revision"] < record["revision"]:
            table[key] = record


def good(record):
    """Return the values that may be used directly."""
    if "channels" in record:
        return {name: one["value"] for name, one in record["channels"].items() if one["quality"] == "good"}
    return {name: value for name, value in record.items() if record.get(name + "_quality") == "good"}


if __name__ == "__main__":
    records = {}
    for line in sys.stdin.buffer:  # UTF-8, whatever this computer's own coding is
        if line.strip():
            keep(records, json.loads(line))
    for key, found in records.items():
        # start_us: microseconds since 1970 UTC; null while the station does not know its time
        told = {"key": key, "revision": found["revision"], "start_us": found["start_us"], "good": good(found)}
        print(json.dumps(told, ensure_ascii=False))
