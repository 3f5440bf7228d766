"""What to do about a picture that does not come: by what is at fault, which is not always the camera."""

from __future__ import annotations

import pytest

from drivers.reason import Reason
from edge.pictures.reasons import AWAY, ENDED, HUNG, not_within
from provisioning.doctor.box import camera_remedy


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (AWAY, "systemctl start minshan-camera"),
        (ENDED, "journalctl -u minshan-camera"),
        (HUNG, "power off for ten seconds"),
        (not_within(30.0), "power off for ten seconds"),
    ],
    ids=lambda one: one.code if isinstance(one, Reason) else "",
)
def test_nobody_climbs_the_pole_for_a_service_that_does_not_run(trouble: Reason, said: str) -> None:
    """The station's own program is started or its log is read; only a camera that hangs has its power switched off."""
    assert said in camera_remedy(trouble)
