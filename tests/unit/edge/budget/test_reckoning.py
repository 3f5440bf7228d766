"""The bytes of a bill, worked out by hand from MQTT 5, TLS 1.3, TCP and IP."""

from __future__ import annotations

import pytest

from edge.budget import reckoning


@pytest.mark.parametrize(
    ("packet", "tls", "expected"),
    [
        (100, True, 100 + 22 + 5 + 22 + 3 * 52),  # a segment, its acknowledgement, and the PUBACK's packet
        (100, False, 100 + 5 + 3 * 52),
        (1426, True, 1426 + 22 + 5 + 22 + 3 * 52),  # with its record it fills a segment of 1448 bytes
        (1427, True, 1427 + 22 + 5 + 22 + 4 * 52),
        (20_000, True, 20_000 + 22 + 5 + 22 + (14 + 7 + 1) * 52),  # an acknowledgement for every two segments
    ],
)
def test_a_message_costs_its_segments_and_their_acknowledgements(packet: int, tls: bool, expected: int) -> None:
    """On a path of 1500 bytes, with the PUBACK that comes back."""
    assert reckoning.message(packet, tls) == expected
    if tls:
        assert reckoning.message(packet) == expected


def test_a_sign_of_life_costs_two_packets_and_an_acknowledgement() -> None:
    """Two bytes there and two back: of a quiet month's bill most are headers."""
    assert reckoning.ping() == reckoning.ping(True) == 2 * (2 + 22) + 3 * 52
    assert reckoning.ping(False) == 2 * 2 + 3 * 52


def test_a_request_costs_its_connection_too() -> None:
    """500 bytes there and 3000 back, in one segment and in three, and the seven packets of a connection."""
    assert reckoning.exchange(500, 3000, False) == 3500 + (1 + 1 + 3 + 2) * 52 + 7 * 52
    assert reckoning.exchange(500, 3000) == 3500 + 2 * 22 + (1 + 1 + 3 + 2) * 52 + 6000
