"""Compressing the body of a record: deflate (RFC 1951) with a preset dictionary of what most bodies contain.

Blocks use the fixed Huffman code. A dynamic code saves 0.3 bytes per body of a recorded day, and takes five times as
long to decompress; for 25 noisy channels it would save a fifth.

The first byte is the method: `{` uncompressed (bodies that would not shrink, and all of store versions 1 and 2), 1
with WORDS. A body is restored byte for byte, and each row is compressed by itself, so it can be read without others.
"""

from __future__ import annotations

import zlib

from edge.records.record import MOST_BODY

PLAIN, DEFLATED = b"{", b"\1"
TOO_LONG = MOST_BODY + 1
UNKNOWN = "it is packed in no way that this version knows"
WINDOW, MEMORY, LEVEL = -12, 5, 6  # raw, 4 kB: a minute's body is shorter; a compressor takes 20 kB
# Never change these: stored bodies are read with them. Other words need another first byte. The last ones cost least.
WORDS = (
    b'"soil_conductivity":"leaf_wetness":"leaf_temperature":"solar_irradiance":"co2":"noise":"battery_current":'
    b'"battery_power":"load_current":"panel_voltage":"panel_power":"charger_state":"charger_yield_total":'
    b'"battery_voltage":"soil_moisture":"soil_temperature":"rainfall_amount_corrected":"configuration":"flags":"site":'
    b'"latitude":"longitude":"altitude":"sensors":["name":"driver":"camera":"picture":"thumbnail":"bytes":"width":'
    b'"height":"figures":{"reasons":{"code":"params":{},"text":"not measured"}}},"missing":"value":"seconds":'
    b'null,"pm1":"pm2p5":"pm10":"illuminance":"wind_speed_2min":"wind_speed_10min":"values":{"air_temperature":'
    b'1,"relative_humidity":1,"air_pressure":1,"wind_speed":1,"wind_speed_of_gust":1,"wind_from_direction":1,'
    b'"wind_speed_2min":1,"wind_speed_10min":1,"rainfall_amount":1,"illuminance":1,"pm1":1,"pm2p5":1,"pm10":1},'
    b'"quality":{"air_temperature":1,"reasons":{}}{"values":{"air_temperature":'
)


def packed(body: bytes) -> bytes:
    """Return a JSON object as it is stored."""
    press = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW, MEMORY, zlib.Z_FIXED, WORDS)
    small = DEFLATED + press.compress(body) + press.flush()
    return small if len(small) < len(body) or not body.startswith(PLAIN) else body


def unpacked(kept: bytes) -> bytes:
    """Return the JSON object, byte for byte. Raise ValueError if `kept` is not what `packed` returned."""
    if not kept.startswith(DEFLATED):
        if kept.startswith(PLAIN):
            return kept
        raise ValueError(UNKNOWN)
    press = zlib.decompressobj(WINDOW, WORDS)
    try:
        body = press.decompress(kept[1:], TOO_LONG)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not press.eof or press.unused_data:
        raise ValueError(UNKNOWN)
    return body
