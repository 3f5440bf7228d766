"""What the mobile data costs is told before anything is sent, by a station that runs, and for a single picture."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from edge.config.file import load
from edge.control import picture_price
from edge.snapshots import BudgetSnapshot
from provisioning.commands.budget import planned
from provisioning.commands.budget_lines import bill
from provisioning.doctor.doctor import planned_cost
from tests.kits.command import minshan

INIT = ("init", "--station", "min-1", "--broker", "mqtts://broker.example:8883", "--camera", "picamera")
SITE = ("--latitude", "31.7", "--longitude", "103.8", "--altitude", "1600")
DOCS = Path(__file__).parent.parent.parent.parent / "docs"
MAOXIAN = ("--latitude", "31.68", "--longitude", "103.85", "--altitude", "1590")
SENSORS = ("bme280", "ascii-station:port=/dev/ttyUSB0", "sen5x")


@pytest.fixture(name="made")
def by_init(tmp_path: Path) -> Path:
    """Return the file that `init` writes for a usual station with a camera."""
    out = tmp_path / "station.toml"
    sensors = [word for name in SENSORS for word in ("--sensor", name)]
    state = ("--state", str(tmp_path / "state"), "--out", str(out))
    done = minshan(*INIT, *SITE, *sensors, *state)
    assert done.code == 0, done.err
    return out


def test_what_init_writes_fits_a_sim_of_30_mb(made: Path) -> None:
    """A usual station with its camera: minutes, a thumbnail an hour and a full picture a day, with nothing paced."""
    found, at = planned(load(made))
    assert at > 0
    assert found[at].total <= 30.0
    assert found[at].pictures > 20.0


def test_the_plan_shows_every_step_and_the_one_that_is_taken(made: Path) -> None:
    """People see what each step saves; programs get the same figures, falling from step to step."""
    told = minshan("budget", "plan", "--config", str(made))
    assert told.code == 0, told.err
    assert told.out.count("→") == 2
    answer = json.loads(minshan("budget", "plan", "--config", str(made), "--json").out)
    totals = [step["total"] for step in answer["steps"]]
    assert totals == sorted(totals, reverse=True)
    assert answer["mb_per_month"] == 30.0
    assert [step["step"] for step in answer["steps"]] == [0, 1, 2, 3, 4, 5]


def test_a_file_without_a_budget_is_told_what_it_costs(made: Path) -> None:
    """Nothing is thinned, and that is said."""
    made.write_text(made.read_text().partition("[budget]")[0] + "[[sensor]]\n" + 'name = "a"\ndriver = "bme280"\n')
    assert "[budget]" in minshan("budget", "plan", "--config", str(made)).out
    assert planned(load(made))[1] == 0


def test_the_bill_says_what_is_used_and_left_and_thinned() -> None:
    """The line of `status`, `doctor` and the demo."""
    used = {"live": 10_000_000, "link": 2_400_000}
    month = BudgetSnapshot(30_000_000, used, date(2026, 3, 1), date(2026, 4, 1), 11.2, 24e6, 3, 5)
    first, second = bill(month)
    assert first == "Mobile data: about 24.0 MB a month; 12.4 of 30.0 MB used, 11 days left."
    assert "minutes 5 at a time" in second
    unknown = BudgetSnapshot(None, used, None, None, None, 24e6, 0, 1)
    figure, why = bill(unknown)
    assert figure == "Mobile data: about 24.0 MB a month; 12.4 MB used."
    assert "no [budget]" in why and "full photo" in why, "the figure alone reads as what any station costs"


def test_a_picture_has_its_price_before_and_after(made: Path) -> None:
    """Whoever asks for one reads what it will cost by its size, and in the end what it did."""
    cameras = load(made).camera
    assert 0.4 < picture_price.before(cameras, None)["megabytes"] < 0.7
    assert picture_price.before(cameras, "none-such") == {}
    assert picture_price.after({"bytes": 1_000_000, "thumbnail_bytes": 20_000})["megabytes"] == pytest.approx(1.1, 0.05)
    assert picture_price.after({"camera": "north"}) == {}


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (30, "a month; the file allows 30 MB"),
        (8, "a month; the file allows 8 MB, so fewer photos go"),
        (1, "1 MB is not even enough"),
    ],
)
def test_the_doctor_says_the_month_in_a_sentence_of_its_own(made: Path, most: int, said: str) -> None:
    """It shows no table of steps, so it speaks of none."""
    made.write_text(made.read_text("utf-8").replace("mb_per_month = 30", f"mb_per_month = {most}"), "utf-8")
    config = load(made)
    found, at = planned(config)
    assert said in planned_cost(config, found[at]) and "→" not in planned_cost(config, found[at])


def test_the_page_about_costs_has_the_figures_of_the_plan(tmp_path: Path) -> None:
    """In both languages, for its three sensors and either camera."""
    figures = []
    for size in ("width=1920,height=1080", "width=2688,height=1520"):
        out = tmp_path / f"{size}.toml"
        sensors = [word for name in SENSORS for word in ("--sensor", name)]
        camera = ("--camera", f"picamera:{size}", "--state", str(tmp_path / "state"), "--out", str(out))
        assert minshan(*INIT[:-2], *MAOXIAN, *sensors, *camera).code == 0
        bills, _at = planned(load(out))
        figures.append([bills[step].total for step in (0, 1, 3, 4)])
    for page in ("costs.md", "costs.zh-CN.md"):
        rows = re.findall(r"^\| [^|]+ \| (\d+\.\d) \| (\d+\.\d) \|$", (DOCS / page).read_text("utf-8"), re.MULTILINE)
        told = [[float(figure) for figure in column] for column in zip(*rows, strict=True)]
        assert told == [pytest.approx(column, abs=0.1) for column in figures]  # names of other lengths: 0.04
