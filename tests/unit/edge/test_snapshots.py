"""The status as it goes over the socket."""

from __future__ import annotations

import json

import pytest

from drivers.reason import Reason
from edge.control.client import AskError, status_of
from edge.records.bodies import plain
from edge.snapshots import CameraSnapshot, MinuteStatus, PicturesSnapshot, SensorSnapshot, read
from tests.kits.statuses import UPLINK, status

WHY = Reason("no_frame", "no frame in {seconds:g} s", seconds=10.0)


def test_a_status_is_read_as_it_was_sent() -> None:
    """Times, figures and reasons, those inside others too, come out of the JSON as they went in."""
    sent = status(
        time=1_775_347_200_000_000,
        minute=MinuteStatus({"pm1": None}, {"pm1": 9}, {"pm1": WHY}, start=None, duration=60.0),
        sensors=[SensorSnapshot("dust", "sds011", "serial x", Reason("down", "{detail}", detail=WHY), 3, {}, {})],
        uplink=UPLINK,
        pictures=PicturesSnapshot(2, {"gate": CameraSnapshot(None, 0, 1_775_347_200_000_000)}),
    )
    assert plain(read(json.loads(json.dumps(plain(sent))))) == plain(sent)


def test_a_station_of_another_version_is_named_so() -> None:
    """What a newer station says besides is passed over; where an older one lacks something, that is the sentence."""
    answer = plain(status(station="orchard"))
    assert status_of(answer | {"warp_drive": 9}).station == "orchard"
    del answer["sensors"]
    with pytest.raises(AskError, match="another version") as refused:
        status_of(answer)
    assert "restart" in refused.value.remedy
