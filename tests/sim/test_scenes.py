"""What a demo's scenes are about is what the page says of them: by seed, in simulated time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.alerts.crops import CRITICAL
from edge.config.file import load
from edge.control.client import AskError
from edge.control.commands import Outcome, Principal, Request
from edge.control.status import status
from edge.daemon import open_store
from edge.language import texts
from edge.page import work_page
from edge.page.box import alert_lines, box_lines
from edge.page.night_page import read_last_night
from edge.page.source import Source, now_of
from edge.page.view import Card, cards
from edge.records.bodies import Minute, decode
from edge.records.record import Kind
from edge.sim.rig import Rig, boot_of
from edge.snapshots import StationStatus
from edge.store.store import Store
from provisioning.demo.config import whole_station
from provisioning.demo.scenes import SCENES

pytestmark = pytest.mark.slow  # an hour of a whole station each
BEIJING_S = 28_800
CROP, STAGE = "apple", "full-bloom"


@contextmanager
def lived(folder: Path, name: str, skipped: float, minutes: int) -> Iterator[Rig]:
    """Give a station that has lived some minutes of a scene, from `skipped` hours of it on."""
    text = whole_station("demo", folder, "mqtt://nowhere", "broker", None, fitted=SCENES[name].fitted)
    file = folder / "station.toml"
    file.write_text(re.sub(r"\[broker\]\n(.+\n)+", "", text))
    config, scene = load(file), SCENES[name]
    boot = boot_of(config, scene.begin * 1_000_000, "sim-1")
    with closing(open_store(config)) as store:
        rig = Rig(config, boot, boot.utc + round(skipped * 3600e6), 1, weather_s=10.0)
        scene.set_up(rig)
        scene.begin_on(rig.power_on(lambda _config: store))
        rig.clock.run_until(rig.clock.now() + 60.0 * minutes)
        yield rig
        rig.power_off()
        rig.close()


def facts_of(rig: Rig) -> StationStatus:
    """Return what the page is told of the station."""
    assert rig.station is not None
    return status(rig.station.services.parts)


def store_of(rig: Rig) -> Store:
    """Return its store."""
    assert rig.station is not None
    return rig.station.store


class RigSource(Source):
    """A page's source that asks a station here, in place of its socket."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(Path("nowhere"), rig.clock)
        self._rig = rig

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Return an answer of the station. Raise AskError."""
        told: list[Outcome] = []
        assert self._rig.station is not None
        arguments.pop("token", None)  # which the socket judges
        self._rig.station.services.commands.run(
            name, arguments, Request("test", Principal("test", "page"), told.append)
        )
        if told[-1].state != "done":
            raise AskError(str(told[-1].why))
        return told[-1].data


def card_of(rig: Rig, channel: str) -> Card:
    """Return a channel's card."""
    now = now_of(facts_of(rig))
    return next(card for card in cards(now, {}, now.end_us or 0) if card.channel == channel)


def silence(rig: Rig) -> None:
    """Silence the horn by the page's form: what called for it calls no more, and is said to be silenced."""
    horn = facts_of(rig).horn
    assert horn is not None and horn.rules == ("frost",) and horn.silenced == () and rig.twins["horn"].turns
    work_page.asked(RigSource(rig), {"ask": "silence-horn", "token": "judged by the socket", "by": "Wang"})
    rig.clock.run_until(rig.clock.now() + 2.0)
    horn = facts_of(rig).horn
    assert horn is not None and (horn.on, horn.silenced) == (False, ("frost",))


def test_a_frost_night_shows_the_alert_and_how_long_the_blossoms_bore_it(tmp_path: Path) -> None:
    """In the coldest hour, long before dawn, the page says at which stage what is hurt, and silences the horn; the
    night's card counts as the records do."""
    with texts.speaking("en"), lived(tmp_path, "frost", 6.0, 60) as rig:
        silence(rig)
        (alert,) = alert_lines(facts_of(rig))
        assert alert.name == "Frost" and "the temperature that hurts apple at full bloom" in alert.text
        last = now_of(facts_of(rig)).end_us or 0
        lines = read_last_night(RigSource(rig), ["air_temperature"], last, BEIJING_S).lines
        good = [
            value
            for record in store_of(rig).range(1, store_of(rig).next_seq)
            if record.kind == Kind.MINUTE and isinstance(body := decode(record.kind, record.body), Minute)
            if body.quality["air_temperature"] == 1 and (value := body.values["air_temperature"]) is not None
        ]
    coldest, under = min(good), sum(value <= CRITICAL[CROP][STAGE] for value in good)
    assert under > 10 and len(good) > 50
    assert lines[1].startswith(f"Lowest {coldest:.1f}\u202f°C at 0")
    assert f"apple, full bloom: {under} min at or below -2.2\u202f°C, where one bud in ten is killed" in lines


def test_a_storm_shows_the_gale(tmp_path: Path) -> None:
    """Gusts beyond the second limit are told, with the worst of them."""
    with texts.speaking("en"), lived(tmp_path, "storm", 1.0, 40) as rig:
        (alert,) = alert_lines(facts_of(rig))
        assert alert.name == "Gale" and "step 2 of 2" in alert.text


def test_dark_days_show_the_battery(tmp_path: Path) -> None:
    """The battery's alert is open within ten minutes, and the box's own line has its voltage."""
    with texts.speaking("en"), lived(tmp_path, "dark-week", 0.0, 10) as rig:
        (alert,) = alert_lines(facts_of(rig))
        assert alert.name == "Battery low" and "step 1 of 2" in alert.text
        assert any(re.fullmatch(r"Battery 11\.\d+\sV", line.text) for line in box_lines(facts_of(rig), BEIJING_S))


def test_a_web_over_the_cups_makes_the_wind_doubtful(tmp_path: Path) -> None:
    """Cups that stand still above others that turn are doubted with the reason, and the others are not."""
    with texts.speaking("en"), lived(tmp_path, "spider", 0.0, 30) as rig:
        held, others = (
            card_of(rig, "wind_speed"),
            [card_of(rig, f"wind_speed.{one}") for one in ("orchard-cups", "field")],
        )
        assert (held.word, [card.word for card in others]) == ("suspect", ["", ""])
        assert "orchard-cups" in held.why
        gust = card_of(rig, "wind_speed_of_gust")
        assert (gust.word, gust.why) == (held.word, held.why), "the same cups made it"
        assert card_of(rig, "wind_speed_of_gust.orchard-cups").word == ""


def test_an_ordinary_day_has_nothing_to_say(tmp_path: Path) -> None:
    """No alert, and no value in doubt."""
    with lived(tmp_path, "day", 0.0, 15) as rig:
        facts = facts_of(rig)
        assert alert_lines(facts) == [] and facts.minute is not None and set(facts.minute.quality.values()) == {1}
