"""The cost of a message on a farm's SIM: bytes on the link in both directions, with the headers a network counts.

A payload gets MQTT's PUBLISH header and its PUBACK (MQTT 5, 3.3 and 3.4), a TLS 1.3 record around each (RFC 8446,
5.2: 5 bytes of header, 1 of type, 16 of tag), and on each packet IPv4 (20, RFC 791) and TCP with timestamps (32,
RFC 9293 and 7323). In addition there is one bare TCP acknowledgement, and one for every two segments of a long message
(RFC 9293, 3.8.6.3). Retransmitted segments are not included: no program sees them.
"""

from __future__ import annotations

TLS = 22
TCP_IP = 52
SEGMENT = 1448  # bytes of a TCP segment's payload on a path of 1500
PUBACK = 5
PING = 2 * (2 + TLS) + 3 * TCP_IP  # a PINGREQ, its PINGRESP, an acknowledgement
MONTH = 30  # days of a month that is not named
MEGABYTE = 1_000_000
CONNECTING = 6_000  # bytes to open a TLS connection with certificates on both sides
PLAIN = 7 * TCP_IP  # bytes to open and close a connection without TLS (RFC 9293, 3.5 and 3.6)


def message(packet: int, tls: bool = True) -> int:
    """Return the bytes of a PUBLISH of `packet` bytes and its acknowledgement: three packets or more."""
    record = TLS if tls else 0
    whole = packet + record
    return whole + PUBACK + record + (packets(whole) + 1) * TCP_IP


def exchange(sent: int, answer: int, tls: bool = True) -> int:
    """Return the bytes of a request of `sent` bytes and a response of `answer` bytes, on their own connection."""
    both = sum(size + (TLS if tls else 0) + packets(size) * TCP_IP for size in (sent, answer))
    return both + (CONNECTING if tls else PLAIN)


def packets(size: int) -> int:
    """Return the packets for `size` bytes one way: segments, and an acknowledgement for every two."""
    segments = -(-size // SEGMENT)
    return segments + -(-segments // 2)


def ping(tls: bool = True) -> int:
    """Return the bytes of one PINGREQ and its PINGRESP."""
    return PING if tls else PING - 2 * TLS
