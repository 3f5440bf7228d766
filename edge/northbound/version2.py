"""Version 2 of the two record topics: minutes in columns, all other records unchanged, reasons as codes.

A payload is JSON, or that compressed by zstd with `DICTIONARY`: a message of one minute is hardly longer than the
numbers that have changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge.northbound.column_writer import KnownTable, KnownTables, columns
from edge.northbound.columns import MOST_SPREAD, Columns, Table, spread
from edge.records.record import Record
from edge.wire.contract import LARGEST, MOST_RECORDS, Version, zstd

VERSION = 2
LEVEL = 9  # of zstd: 2 % smaller than at 3; at 15 a message of a minute is 1 % smaller, in ten times the time
LONG, LONG_LEVEL = 4096, 3  # bytes of JSON from which on level 3 is used: 2 % larger in a tenth of the time
DICTIONARY = (  # part of the contract: never changed within version 2
    b'{"code":"no_answer","params":{},"text":"no answer"}{"code":"few_samples","params":{"count":0,"due":0},"text":"of '
    b'samples"}"reasons":[],"kind":"minute","stamp":{"boot":"","boottime":0.0},"duration":0.0,"start":1700000000000000,'
    b'"clock":{"source":"ntp","error":0.05},"revision":0,"setup":2,"body":{"values":{},"quality":{},"reasons":{}}'
    b'["pm1","ug/m3",1],["pm2p5","ug/m3",1],["pm10","ug/m3",1],["soil_temperature","degC",2],["soil_moisture","%",1],'
    b'["soil_conductivity","uS/cm",0],["leaf_wetness","%",1],["solar_irradiance","W/m2",0],["co2","ppm",0],'
    b'["battery_voltage","V",2],["battery_current","A",3],["battery_power","W",2],["load_current","A",3],'
    b'["panel_voltage","V",2],["panel_power","W",1],["charger_state","code",0],["charger_yield_total","kWh",2],'
    b'{"v":2,"tables":[{"station":"","epoch":"","boot":"","source":"ntp","channels":[["air_temperature","degC",2],'
    b'["relative_humidity","%",1],["air_pressure","hPa",1],["illuminance","lux",0],["wind_speed","m/s",1],'
    b'["wind_from_direction","degree",0],["wind_speed_of_gust","m/s",1],["rainfall_amount","mm",2]],"setup":2}],'
    b'"runs":[[0,0,1,9,0]],"error":"_","duration":"60000000","revision":"a","records":[{"epoch":"","seq":1,'
    b'{"v":2,"columns":[{"table":"","seq":"","boottime":"","error":"50000","values":["0","0","0","0","0","0","0","0",'
    b'"0","0","0","0","0","0","0","0"],"sum":,"start":"17"}]}'
)


class ColumnBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Records of the topic's station: minutes in `columns` with their `tables`, all other kinds unchanged.

    A table that the receiver already has may be left out.
    """

    v: Version
    tables: Annotated[list[Table], Meta(max_length=MOST_RECORDS)] = []
    columns: Annotated[list[Columns], Meta(max_length=MOST_RECORDS)] = []
    records: Annotated[list[Record], Meta(max_length=MOST_RECORDS)] = []


def encode(message: ColumnBatch) -> bytes | None:
    """Return the payload of a message; None if it is larger than a receiver accepts."""
    raw = msgspec.json.encode(message)
    if len(raw) > LARGEST or any(spread(block) > MOST_SPREAD for block in message.columns):
        return None
    level = LEVEL if len(raw) < LONG else LONG_LEVEL
    return bytes(zstd().compress(raw, level, zstd_dict=dictionary().as_digested_dict))  # digested once


def batch(
    tables: KnownTables, records: Sequence[Record], there: Collection[str] = ()
) -> tuple[ColumnBatch, list[KnownTable]]:
    """Return records as a message, and the tables in it: all but those whose names are in `there`."""
    groups, plain = tables.minutes(records)
    used = {group.known.hash: group.known for group in groups}
    along = [table for name, table in used.items() if name not in there]
    return ColumnBatch(VERSION, [table.table for table in along], [*map(columns, groups)], plain), along


@cache
def dictionary() -> Any:
    """Return the dictionary in zstd's form."""
    return zstd().ZstdDict(DICTIONARY, is_raw=True)
