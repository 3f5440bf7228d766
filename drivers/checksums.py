"""The checksums of the devices' protocols, each over the given bytes."""

from __future__ import annotations

from functools import reduce
from operator import xor


def xor8(data: bytes, start: int = 0) -> int:
    """Return all bytes XORed together and with `start` (NMEA 0183, the ASCII station)."""
    return reduce(xor, data, start)


def sum8(data: bytes) -> int:
    """Return the sum of all bytes modulo 256 (Nova SDS011, VE.Direct)."""
    return sum(data) & 0xFF


def sum16(data: bytes) -> int:
    """Return the sum of all bytes modulo 65536 (Plantower)."""
    return sum(data) & 0xFFFF


def crc8(data: bytes) -> int:
    """Return Sensirion's CRC-8.

    Polynomial 0x31, start 0xFF, not reflected, no final XOR (SEN5x datasheet, 6.5). `be ef` gives 0x92.
    """
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ 0x31) & 0xFF if crc & 0x80 else crc << 1
    return crc


def crc8_maxim(data: bytes) -> int:
    """Return Maxim's CRC-8 (polynomial 0x8c reflected, start 0): 0 over bytes that end in their own (AN 27)."""
    crc = 0
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc
