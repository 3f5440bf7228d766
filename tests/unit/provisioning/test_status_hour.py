"""What `minshan status` tells of the newest hour."""

from __future__ import annotations

from drivers.reason import Reason
from edge.records.bodies import Hour, SeasonCounts
from provisioning.commands.status import lines as status_lines
from tests.kits.statuses import status


def test_status_tells_the_last_hour_what_it_lacks_and_the_season() -> None:
    """A grower reads the hour's figures, why one is missing, and how many hours the season's counts lack."""
    reason = Reason("wind_height_unfit", "the anemometer's height is not known, or under 0.5 m")
    begin = 1_775_347_200_000_000
    season = SeasonCounts(begin, 30, 2, 4, -1.5, 99.25, 1.25)
    values = {"growing_degree_hours": 3.4, "reference_evapotranspiration": None}
    hour = Hour(begin, values, {}, season, {"reference_evapotranspiration": reason})
    said = status_lines(status(hour=hour))
    first = said.index("In the hour from 2026-04-05 08:00:")
    assert said[first + 1 : first + 5] == [
        "  Growing degree hours 3.4 °C·h",
        "  Reference evapotranspiration: the anemometer's height is not known, or under 0.5 m",
        "Since 2026-04-05 08:00, in 30 h: Growing degree hours 99.2 °C·h, Chill hours 4 h, Utah chill units -1.5, "
        "Chill portions 1.250",
        "2 hours without a temperature are not in it.",
    ]


def test_each_reason_of_an_hour_names_what_it_explains() -> None:
    """Figures that one cause costs share a line; another cause has its own."""
    wind, sun = Reason("wind_height_unfit", "no height"), Reason("no_radiation", "no sun")
    reasons = {"reference_evapotranspiration": wind, "growing_degree_hours": sun, "chill_hours": sun}
    hour = Hour(1_775_347_200_000_000, dict.fromkeys(reasons), {}, SeasonCounts(0, 1, 0, 4, 0, 0, 0), reasons)
    said = status_lines(status(hour=hour))
    first = said.index("In the hour from 2026-04-05 08:00:")
    assert said[first + 1 : first + 3] == [
        "  Reference evapotranspiration: no height",
        "  Growing degree hours, Chill hours: no sun",
    ]
