"""What a configuration is reckoned to cost, by where its data go and what its cameras take."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.budget.plan import rates
from edge.budget.thinning import Rates, ThinningStep
from edge.config.file import load
from tests.kits.station_forwards import file_of, http

BROKER = '[broker]\nurl = "{scheme}://platform.example"\n'
CAMERA = '[[camera]]\nname = "north"\ndriver = "http"\nurl = "http://10.0.0.2/"\nevery_min = {every}\n'


def rates_of(folder: Path, *sections: str) -> Rates:
    """Return what a station with these sections needs a day."""
    return rates(load(file_of(folder, *sections)))


def test_a_station_that_sends_to_other_platforms_alone_pays_for_no_broker(tmp_path: Path) -> None:
    """With a broker it pays for both, and without either for the broker that it is to have."""
    county = http("county", "https://county.example")
    alone, neither = rates_of(tmp_path, county), rates_of(tmp_path)
    both = rates_of(tmp_path, BROKER.format(scheme="mqtts"), county)
    assert (set(alone.live.values()), alone.link) == ({0.0}, 0.0)
    assert alone.forward == both.forward
    assert (both.live, both.link) == (neither.live, neither.link)
    assert min(both.live.values()) > 1000.0 < both.link
    assert not neither.forward


def test_a_broker_without_tls_costs_less(tmp_path: Path) -> None:
    """The file's broker counts, not a usual one."""
    plain, secure = (rates_of(tmp_path, BROKER.format(scheme=scheme)) for scheme in ("mqtt", "mqtts"))
    assert all(plain.live[every] < secure.live[every] for every in secure.live)


def test_thinned_thumbnails_are_one_an_hour_and_no_more_than_there_are(tmp_path: Path) -> None:
    """A camera of every ten minutes saves five of six; one of every three hours has nothing to save."""
    often, seldom = (rates_of(tmp_path, CAMERA.format(every=every)) for every in (10, 180))
    hourly = ThinningStep.THUMBNAILS_HOURLY
    assert often.thumbnails == pytest.approx(6 * often.thumbnails_hourly)
    assert seldom.thumbnails == seldom.thumbnails_hourly
    assert seldom.pictures(hourly) < often.pictures(hourly) < often.pictures(ThinningStep.FULL_DAILY)
