"""What is kept of refused logins: by which box and login, how long, over restarts and kills, at which cost."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from edge.pictures.logins import RefusedLogins, login_of, pause
from edge.pictures.spool import CaptureTarget

LOCKS_AFTER = 5
HOUR = 3600.0


def logins(file: Path, now: float = 0.0, utc: int | None = None, boot: str = "a") -> RefusedLogins:
    """Return what a station that is started now knows of refused logins."""
    made = RefusedLogins(file, boot, lambda: now, lambda: utc)
    made.load()
    return made


def of(url: str, user: str = "admin", password: str = "x") -> CaptureTarget:
    """Return a camera."""
    return CaptureTarget("c", "http", url, user, password)


def test_a_box_and_a_login_are_what_is_blocked(tmp_path: Path) -> None:
    """Other channels and ports of one box wait, another box, a forwarded port, user or password do not."""
    file = tmp_path / "logins.json"
    known = logins(file)
    known.refused(login_of(of("http://nvr/1")))
    for url, driver in (
        ("https://NVR/2", "http"),
        ("https://nvr:443/2", "http"),
        ("rtsp://nvr:554/3", "rtsp"),
        ("rtsps://nvr:322/3", "rtsp"),
        ("http://admin:x@nvr:80/4", "http"),
    ):
        assert known.seconds_left(login_of(CaptureTarget("d", driver, url, "admin", "x"))) == 1800.0
    others = (
        of("http://nvr2/1"),
        of("http://nvr:8081/1"),
        of("http://nvr/1", "guest"),
        of("http://nvr/1", password="y"),
    )
    assert [known.seconds_left(login_of(other)) for other in others] == [0.0] * 4
    known.refused(login_of(of("http://nvr/1", password="geheim")))
    assert "geheim" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_passwords_that_are_guessed_wait_too(tmp_path: Path) -> None:
    """After three different passwords a fourth waits as well, and not the one that is known to be good."""
    known = logins(tmp_path / "logins.json")
    for password in "abc":
        known.refused(login_of(of("http://nvr/1", password=password)))
    assert known.seconds_left(login_of(of("http://nvr/1", password="d"))) > 0
    known.given(login_of(of("http://nvr/1")), True)
    known.unreached(login_of(of("https://nvr/1")))  # another port of the box, which is closed, ends no wait
    again = logins(tmp_path / "logins.json")
    assert [again.seconds_left(login_of(of("http://nvr/1", password=one))) > 0 for one in "adx"] == [True, True, False]
    again.refused(login_of(of("http://nvr/1")))
    assert again.seconds_left(login_of(of("http://nvr/1"))) >= 24 * HOUR, "the box has refused four in all"
    days_later = logins(tmp_path / "logins.json", 10 * 24 * HOUR)
    days_later.given(login_of(of("http://nvr/1", password="z")), True)
    days_later.refused(login_of(of("http://nvr/1", password="z")))
    assert days_later.seconds_left(login_of(of("http://nvr/1", password="z"))) == 1800.0
    assert days_later.seconds_left(login_of(of("http://nvr/1", password="d"))) == 0.0


def test_a_wait_goes_on_over_a_boot(tmp_path: Path) -> None:
    """By UTC where it is known at both ends, otherwise anew; a file that is torn is none."""
    file, login = tmp_path / "logins.json", login_of(of("http://nvr/1"))
    logins(file, 100.0, 0).refused(login)
    assert logins(file, 5.0, 1_000_000_000, "b").seconds_left(login) == 800.0
    assert logins(file, 5.0, None, "b").seconds_left(login) == 1800.0
    assert logins(file, 5.0, -(10**15), "b").seconds_left(login) == 1800.0
    file.write_bytes(b'{"salt"')
    assert logins(file).seconds_left(login) == 0.0


def test_what_comes_of_each_try_is_known_after_a_restart(tmp_path: Path) -> None:
    """A try that is under way, one that nothing answered, a picture, a person's word: by whoever asks then."""
    file, login = tmp_path / "logins.json", login_of(of("http://nvr/1"))
    other = login_of(of("http://nvr/2", password="y"))
    known = logins(file)
    known.refused(login)
    late = 1801.0

    def waits() -> tuple[float, float]:
        """Return how long both wait for this station, and for one that is started now."""
        seen = tmp_path / "seen.json"
        seen.write_bytes(file.read_bytes())
        return known.seconds_left(login), logins(seen, late).seconds_left(login)

    known = logins(file, late)
    assert waits() == (0.0, 0.0)
    known.claim(other)
    assert waits()[0] == 0.0, "another password is no try of the one that was refused"
    known.unreached(other)
    known.claim(login)
    assert waits() == (1800.0, 7200.0), "nobody else tries it meanwhile, and a station that is killed has counted it"
    known.unreached(login)
    assert waits() == (0.0, 0.0)
    known.claim(login)
    known.given(login, True)
    assert waits() == (0.0, 0.0)
    known.refused(login)
    assert waits() == (1800.0, 1800.0), "what was refused before the picture is forgotten"
    known.forgive()
    assert waits() == (0.0, 0.0)
    known.unknown(login)
    assert waits() == (0.0, 0.0), "nobody knows that it was refused"
    known.refused(login)
    assert waits() == (7200.0, 7200.0), "but it may have been"


def test_a_refusal_that_nobody_lived_to_write_down_is_counted(tmp_path: Path) -> None:
    """Power cuts at each first try, and at each one after a wait: the recorder sees no more than it would without."""
    file, login, tried = tmp_path / "logins.json", login_of(of("http://nvr/1")), list[float]()
    for minute in range(0, 24 * 60, 10):
        known = logins(file, minute * 60.0, minute * 60_000_000, f"boot {minute // 30}")
        if known.seconds_left(login) > 0:
            assert known.why(login).code == "box_not_heard"
        else:
            known.claim(login)
            tried.append(minute)
    assert 2 <= len(tried) < LOCKS_AFTER


def test_a_camera_that_gives_pictures_costs_no_writing(tmp_path: Path) -> None:
    """The card hears of its login once, also where the camera does not ask for it; one without a login never."""
    file = tmp_path / "logins.json"
    known = logins(file)
    for user, url, logged_in in (("admin", "nvr", True), ("admin", "open", False), ("", "pi", False)):
        login = login_of(of(f"http://{url}/", user))
        for number in range(3):
            known.claim(login)
            known.given(login, logged_in)
            if number == 0 and user:
                file.unlink()
    assert not file.exists()


def test_each_of_several_refused_logins_has_its_turn(tmp_path: Path) -> None:
    """One is tried at a time, the longest untried first, so that none waits for ever behind another."""
    known, now = logins(tmp_path / "logins.json"), 0.0
    first, second = (login_of(of("http://nvr/1", user)) for user in ("admin", "guest"))
    known.refused(first)
    known.refused(second)
    tried = []
    for now in range(0, 5 * 24 * 3600, 900):
        at = logins(tmp_path / "logins.json", float(now))
        for login in (first, second):
            if at.seconds_left(login) == 0:
                at.claim(login)
                at.refused(login)
                tried.append(login.user)
    assert tried[:4] == ["admin", "guest", "admin", "guest"]


def test_a_box_is_one_however_its_address_is_written(tmp_path: Path) -> None:
    """An address of IPv6, with its interface too, in short and at length; a name with its last point."""
    ways = (
        ("[fe80::1%25eth0]", "[FE80:0:0:0:0:0:0:1%eth0]:80"),
        ("[fd00::a:1]", "[fd00:0::000a:0001]"),
        ("nvr.example", "NVR.example."),
    )
    for way, other in ways:
        assert login_of(of(f"http://{way}/1")).box == login_of(of(f"http://{other}/2")).box
    assert len({login_of(of(f"http://{way}/1")).box for way, _ in ways}) == 3


@pytest.mark.parametrize(("times", "hours"), [(0, 0.5), (1, 0.5), (2, 2), (3, 8), (4, 24), (99, 24)])
def test_waits_grow_so_that_a_recorder_sees_four_refusals_a_day(times: int, hours: float) -> None:
    """Half an hour, two, eight, a day and so on: the fifth in 24 hours would lock it."""
    assert pause(times) == hours * HOUR


def test_a_year_of_power_cuts_lets_the_file_grow_no_further(tmp_path: Path) -> None:
    """However often one login is cut off it is kept once, and a start that interrupted nothing writes nothing."""
    file, login, sizes = tmp_path / "logins.json", login_of(of("http://nvr/1")), set[int]()
    for day in range(2, 367, 2):
        known = logins(file, day * 24 * HOUR, day * 86_400_000_000, f"boot {day:3}")
        known.claim(login)
        logins(file, day * 24 * HOUR, day * 86_400_000_000, f"boot {day:3}")
        sizes.add(file.stat().st_size)
    assert max(sizes) - min(sizes) < 20, "but for longer numbers"
    before = file.stat().st_mtime_ns
    logins(file)
    assert file.stat().st_mtime_ns == before
