"""What the doctor notes of a right [broker]: an open connection to elsewhere, and a proof that may lose data."""

from __future__ import annotations

import pytest

from edge.config.sections import BrokerSection
from provisioning.doctor.broker_notes import notes


@pytest.mark.parametrize(
    ("url", "open_to_all"),
    [
        ("mqtt://farm.example", True),
        ("mqtt://user:secret@192.168.1.9:1883", True),
        ("mqtt://[2001:db8::1]:1883", True),
        ("mqtt://127.0.0.1:1883", False),
        ("mqtt://localhost", False),
        ("mqtt://[::1]:1883", False),
        ("mqtts://farm.example", False),
    ],
)
def test_a_connection_that_others_can_read_is_noted(url: str, open_to_all: bool) -> None:
    """Beyond this machine mqtt:// is noted with its remedy, and no password is shown."""
    said = [" ".join(note) for note in notes(BrokerSection(url=url, proof="committed"))]
    assert [("is not encrypted" in one, "mqtts://" in one) for one in said] == [(True, True)] * open_to_all
    assert "secret" not in "".join(said)


def test_a_proof_that_may_lose_data_is_noted() -> None:
    """`broker` has its price, `committed` none."""
    assert ["what it drops is lost" in one for one, _ in notes(BrokerSection(url="mqtts://h", proof="broker"))] == [
        True
    ]
