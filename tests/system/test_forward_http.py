"""Records passed on over HTTP, to a real server with every fault: nothing is lost, and nothing comes under two keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.config.forward import HttpJson
from tests.kits.broker import certificates
from tests.kits.command import minshan
from tests.kits.forward_kit import Driven, database, records, section
from tests.kits.http_platform import Platform
from tests.kits.sink_kit import query


@pytest.fixture(name="other")
def another_platform(tmp_path: Path) -> Iterator[Platform]:
    """Give a second platform."""
    found = Platform(tmp_path / "other").start()
    yield found
    found.end()


@pytest.fixture(name="url")
def a_database(tmp_path: Path) -> str:
    """Return a database with twenty minutes."""
    url = database(tmp_path)
    records(url, *range(1, 21))
    return url


@pytest.fixture(name="lanes")
def lanes_that_are_closed() -> Iterator[list[Driven]]:
    """Give a list of lanes that are closed at the end."""
    lanes: list[Driven] = []
    yield lanes
    for lane in lanes:
        lane.close()


def lane_to(lanes: list[Driven], url: str, platform: Platform, **more: Any) -> Driven:
    """Return a lane to a platform."""
    lanes.append(Driven(url, section(**{"url": platform.url, "batch": 8, "timeout_s": 1.0, **more})))
    return lanes[-1]


def trouble(url: str) -> dict[str, Any]:
    """Return what the destination's last error is."""
    ((why,),) = query(url, "SELECT why FROM forward_lane")
    found: dict[str, Any] = {} if why is None else json.loads(why)
    return found


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("status 500", "forward_fails"),
        ("status 409", "forward_fails"),
        ("status 401", "forward_login"),
        ("status 404", "forward_not_there"),
        ("page", "forward_page"),
        ("away http://127.0.0.1:9/", "forward_elsewhere"),
        ("hang", "forward_slow"),
        ("slow 1.2", "forward_slow"),
        ("reset", "forward_unanswered"),
        ("nothing", "forward_unanswered"),
        ("head", "forward_broke_off"),
        ("cut", "forward_broke_off"),
        ("garbage", "forward_no_http"),
    ],
)
def test_whatever_the_answer_is_nothing_is_lost(
    platform: Platform, url: str, lanes: list[Driven], mode: str, code: str
) -> None:
    """A server that fails, hangs, resets after it has stored, points elsewhere or is a network's login page has proven
    nothing: the same batch comes again under its key, and when the server is well it has each record, once."""
    lane = lane_to(lanes, url, platform)
    platform.mode(mode)
    lane.steps(2)
    assert trouble(url)["code"] == code, trouble(url)
    assert query(url, "SELECT * FROM forwarded") == []
    assert all(pause >= 0 for pause in lane.pauses)
    platform.mode("ok")
    lane.until(lambda: platform.seqs() == list(range(1, 21)))
    lane.steps(1)
    assert trouble(url) == {}
    assert query(url, "SELECT count(*) FROM forward_aside") == [(0,)]
    assert len({one["key"] for one in platform.requests()}) == 3


def test_a_platform_gets_the_records_of_its_own_stations_alone(
    platform: Platform, url: str, lanes: list[Driven]
) -> None:
    """What another orchard measures is none of its business, whatever came first."""
    records(url, *range(101, 121), station="another")
    lane = lane_to(lanes, url, platform, stations=("s",))
    lane.until(lambda: len(platform.seqs()) >= 20)
    lane.steps(4)
    assert platform.seqs() == list(range(1, 21))


def test_what_a_server_says_before_its_answer_is_none(platform: Platform, url: str, lanes: list[Driven]) -> None:
    """A server, or a proxy before it, may send 102 or 103 first: each record arrives once, with nothing the matter."""
    lane = lane_to(lanes, url, platform)
    platform.mode("early")
    lane.steps(4)
    assert (platform.seqs(), trouble(url), lane.pauses[0]) == (list(range(1, 21)), {}, 0.0)
    assert len(platform.requests()) == 3


def test_retry_after_is_obeyed(platform: Platform, url: str, lanes: list[Driven]) -> None:
    """A server that asks to wait is left alone for as long as it says, in seconds or until a date."""
    lane = lane_to(lanes, url, platform)
    platform.mode("status 429 37")
    lane.steps(1)
    assert lane.pauses == [37.0]
    platform.mode("status 503 Thu, 01-Jan-1970")
    lane.steps(1)
    assert lane.pauses[-1] <= 1.0


@pytest.mark.parametrize("kind", ["poison", "poison500"])
def test_a_poison_record_is_set_aside_and_costs_no_other(
    platform: Platform, url: str, lanes: list[Driven], kind: str
) -> None:
    """A record that the server refuses, or falls over each time, is found by halving; all others arrive. Revised, it is
    tried again."""
    lane = lane_to(lanes, url, platform)
    platform.mode(f"{kind} e/15")
    newest = 20
    while query(url, "SELECT seq FROM forward_aside") != [(15,)]:
        newest += 1
        records(url, newest)
        lane.steps(3)
    lane.until(lambda: len(platform.seqs()) == newest - 1)
    lane.steps(1)
    assert query(url, "SELECT first, last FROM forwarded ORDER BY 1") == [(1, 14), (16, newest)]
    assert query(url, "SELECT batch FROM forward_batch") == []
    records(url, 15, revision=1)
    platform.mode("ok")
    lane.until(lambda: 15 in platform.seqs())


def test_an_outage_sets_nothing_aside(platform: Platform, url: str, lanes: list[Driven]) -> None:
    """However often a server that is away is asked, nothing is taken for a poison."""
    lane = lane_to(lanes, url, platform)
    platform.mode("status 502")
    lane.steps(60)
    assert query(url, "SELECT count(*) FROM forward_aside") == [(0,)]
    assert len(query(url, "SELECT batch FROM forward_batch")) == 3
    platform.mode("ok")
    lane.until(lambda: platform.seqs() == list(range(1, 21)))


def test_one_that_refuses_everything_is_not_hurried(platform: Platform, url: str, lanes: list[Driven]) -> None:
    """Where record after record is refused, each costs a pause: a wrong setting sets no year aside overnight."""
    lane = lane_to(lanes, url, platform, batch=1)
    platform.mode("status 422")
    lane.steps(8)
    assert lane.pauses[:2] == [0.0, 0.0]
    assert all(pause > 0 for pause in lane.pauses[2:])


def test_a_limit_of_bytes_is_met(platform: Platform, url: str, lanes: list[Driven]) -> None:
    """A server that takes small requests alone, and says so before it has read a large one, gets it all in smaller
    ones."""
    records(url, *range(21, 2001))
    lane = lane_to(lanes, url, platform, batch=1000)
    platform.mode("limit 60000")
    lane.until(lambda: platform.seqs() == list(range(1, 2001)))
    assert query(url, "SELECT count(*) FROM forward_aside") == [(0,)]


def test_a_success_of_its_own(platform: Platform, url: str, lanes: list[Driven]) -> None:
    """Where `success_key` is set, HTTP 200 with another code is no proof."""
    lane = lane_to(lanes, url, platform, success_key="code")
    platform.mode("code 17")
    lane.steps(1)
    assert trouble(url)["code"] == "forward_no_success"
    platform.mode("code 0")
    lane.until(lambda: platform.seqs() == list(range(1, 21)))


def test_the_secret_goes_to_this_host_alone(
    platform: Platform, other: Platform, url: str, lanes: list[Driven], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret comes from a file, read at each request; a redirect takes it nowhere, and no proxy of the environment
    sees it."""
    monkeypatch.setenv("http_proxy", other.url)
    secret = tmp_path / "secret"
    lane = lane_to(lanes, url, platform, secret_file=str(secret), secret_header="X-Key")
    lane.steps(1)
    assert trouble(url)["code"] == "secret_unread"
    secret.write_text("apple\n")
    platform.mode(f"away {other.url}")
    lane.steps(1)
    secret.write_text("pear\n")
    platform.mode("ok")
    lane.steps(1)
    assert [one["secret"] for one in platform.requests()] == ["apple", "pear"]
    assert [one["path"] for one in platform.requests()] == ["/records?kind=1"] * 2
    assert other.requests() == []


def test_tls_by_an_authority_of_its_own(url: str, lanes: list[Driven], tmp_path: Path) -> None:
    """A certificate that no named authority has signed is refused with the remedy; with `ca_file` it is taken."""
    platform = Platform(tmp_path / "tls", certificates(tmp_path, 5)).start()
    lane = lane_to(lanes, url, platform)
    lane.steps(1)
    assert trouble(url)["code"] == "certificate_distrusted"
    for file, code in (("none.pem", "ca_file_unread"), ("server.cnf", "ca_file_no_pem")):
        (tmp_path / "server.cnf").write_text("no certificate")
        lane_to(lanes, url, platform, ca_file=str(tmp_path / file)).steps(1)
        assert trouble(url)["code"] == code
    assert platform.requests() == []
    trusted = lane_to(lanes, url, platform, ca_file=str(tmp_path / "ca.crt"))
    trusted.until(lambda: platform.seqs() == list(range(1, 21)))
    platform.end()


@pytest.mark.parametrize(
    ("days", "name", "code"), [(-3, "127.0.0.1", "certificate_expired"), (5, "127.1", "certificate_name")]
)
def test_a_certificate_that_is_wrong_is_told_with_its_own_remedy(
    url: str, lanes: list[Driven], tmp_path: Path, days: int, name: str, code: str
) -> None:
    """One that has expired, and one of another host: no file of an authority would mend that."""
    platform = Platform(tmp_path / "tls", certificates(tmp_path, days)).start()
    address = platform.url.replace("127.0.0.1", name)
    lanes.append(Driven(url, section(url=address, ca_file=str(tmp_path / "ca.crt"))))
    lanes[-1].steps(1)
    assert trouble(url)["code"] == code
    assert platform.requests() == []
    platform.end()


def test_status_says_how_far_it_is(platform: Platform, lanes: list[Driven], url: str, tmp_path: Path) -> None:
    """`hub status` says of each destination what it has, what waits and what is wrong, in either language, and ends
    with 1 while something waits for long; programs get the same as JSON."""
    file = tmp_path / "hub.toml"
    head = f'[broker]\nurl = "mqtt://127.0.0.1:9"\n[database]\nurl = "{url}"\n[pictures]\ndir = "{tmp_path}"\n'
    file.write_text(f'{head}[[forward]]\nname = "county"\nkind = "http-json"\nurl = "{platform.url}"\n')
    lane = lane_to(lanes, url, platform)
    platform.mode("status 401")
    lane.steps(1)
    said = minshan("hub", "status", "--config", str(file))
    assert said.code == 1
    where = platform.url.partition("?")[0]
    assert f"county (http-json): has nothing yet; 20 records wait: {where} refuses the login (HTTP 401)" in said.out
    platform.mode("poison e/20")
    lane.until(lambda: len(platform.seqs()) == 19)
    lane.steps(1)
    said = minshan("hub", "status", "--config", str(file), env={"LC_ALL": "zh_CN.UTF-8"})
    assert (
        "county（http-json）：已收到截至 2026-01-01 00:19 的分钟记录；没有待转发的记录；已搁置 1 条记录：" in said.out
    )
    assert "拒收（HTTP 422）：record not taken" in said.out
    file.write_text(file.read_text() + 'stations = ["orchrad", "s"]\n')
    said = minshan("hub", "status", "--config", str(file))
    refused = f"{where} refuses it (HTTP 422): record not taken"
    assert f"1 record set aside: {refused}; nothing has come from orchrad: is stations right?" in said.out
    told = json.loads(minshan("hub", "status", "--config", str(file), "--json").out.splitlines()[-1])
    assert (told["destination"], told["waiting"], told["aside"], told["why"]["code"]) == (
        "county",
        0,
        1,
        "first_and_then",
    )


def test_one_that_is_away_slows_no_other(platform: Platform, other: Platform, url: str, lanes: list[Driven]) -> None:
    """While one destination is away for long another gets everything at once; back, the first gets it all too."""
    away = lane_to(lanes, url, platform)
    well = Driven(url, HttpJson(name="well", kind="http-json", url=other.url, batch=8))
    lanes.append(well)
    platform.end()
    for day in range(3):
        records(url, *range(21 + 100 * day, 121 + 100 * day))
        away.steps(3)
        well.until(lambda day=day: len(other.seqs()) == 120 + 100 * day)  # type: ignore[misc]  # a default has no type
    platform.start()
    away.until(lambda: len(platform.seqs()) == 320)
