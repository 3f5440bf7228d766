"""Decode messages of version 2 with only json, zlib and zstd.

records(payload, station, tables) returns the records of one message. `tables` is a dict that belongs to the station and
lasts: a block whose table is not in it yet raises KeyError, to be read when that came. Damage raises ValueError.
"""

import json
import re
import zlib
from pathlib import Path

try:
    from compression import zstd  # from Python 3.14
except ImportError:
    from backports import zstd

STEPS = {".": 0} | {chr(96 + n): n for n in range(1, 27)} | {chr(64 + n): -n for n in range(1, 27)}  # a: 1, A: -1
DICTIONARY = zstd.ZstdDict((Path(__file__).parent / "dictionary.txt").read_bytes(), is_raw=True)


def records(payload, station, tables):
    message = json.loads(zstd.decompress(payload, zstd_dict=DICTIONARY) if payload[:1] == b"\x28" else payload)
    own = [table for table in message.get("tables", []) if table["station"] == station]
    tables |= {f"{zlib.crc32(dense(table)):08x}": table for table in own}
    found = (rows(block, tables[block["table"]]) for block in message.get("columns", []))
    return message.get("records", []) + [row for block in found for row in block]


def rows(block, table):
    heads = [undone(block.get(key, "")) for key in ("seq", "boottime", "duration", "error", "start", "revision")]
    values = [undone(steps) for steps in block["values"]]
    count, runs, names = len(heads[0]), block.get("runs", []), [channel[0] for channel in table["channels"]]
    full = [column for at, column in enumerate([*heads, *values]) if column or at not in (2, 4, 5)]
    if len(values) != len(table["channels"]) or any(len(column) != count for column in full):
        raise ValueError("columns that are not of one length")
    if zlib.crc32(dense([*heads, *values, runs])) != block["sum"]:
        raise ValueError("the sum of the numbers is another one")
    for at in range(count):
        seq, boottime, duration, error, start, revision = (column[at] if column else None for column in heads)
        numbers = zip((column[at] for column in values), table["channels"], strict=True)
        told = {c[0]: None if n is None else n / 10 ** c[2] for n, c in numbers}
        body = {"values": told, "quality": dict.fromkeys(names, table.get("flag", 1)), "reasons": {}}
        for channel, first, length, flag, *reason in sorted(runs, key=lambda run: run[0]):
            if first <= at < first + length:
                body["quality"][names[channel]] = flag
                if reason and reason[0] is not None:
                    body["reasons"][names[channel]] = block["reasons"][reason[0]]
        clock = {"source": table["source"]} | ({} if error is None else {"error": error / 1e6})
        head = {"epoch": table["epoch"], "seq": seq, "kind": "minute", "revision": revision or 0, "clock": clock}
        head |= {"stamp": {"boot": table["boot"], "boottime": boottime / 1e6}, "start": start, "body": body}
        yield head | {"duration": 60.0 if duration is None else duration / 1e6, "setup": table.get("setup")}


def undone(text):
    last, steps = 0, re.findall(r"[+-]?[0-9]+|.", text)
    return [None if step == "_" else (last := last + (STEPS[step] if step in STEPS else int(step))) for step in steps]


def dense(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
