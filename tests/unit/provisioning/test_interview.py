"""`minshan init` on a terminal: each answer is checked at once, and none is lost by an interruption."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge.config.file import load
from tests.kits.command import ENGLISH


def interviewed(
    out: Path,
    answers: list[str],
    *more: str,
    until: tuple[str, int] | None = None,
    command: tuple[str, ...] = ("init",),
    env: Mapping[str, str] = ENGLISH,
) -> tuple[int, str]:
    """Answer the questions of an init on a terminal. Return its code and what was shown.

    `until` is a text after which that signal ends the command.
    """
    near, far = pty.openpty()
    words = [sys.executable, "-m", "provisioning.main", *command, "--out", str(out), *more]
    said = b""
    with subprocess.Popen(words, stdin=far, stdout=far, stderr=far, env={**os.environ, **env}) as asked:
        os.close(far)
        try:
            os.write(near, "".join(f"{answer}\n" for answer in answers).encode())
            with contextlib.suppress(OSError):  # a terminal whose other end has gone gives EIO
                while True:
                    said += os.read(near, 4096)
                    if until and until[0] in said.decode(errors="replace"):
                        asked.send_signal(until[1])
                        until = None
            code = asked.wait(30)
        finally:
            asked.kill()  # where it still asks, nobody waits for it
    os.close(near)
    return code, said.decode()


def test_a_person_is_asked(tmp_path: Path) -> None:
    """Each missing fact is asked for, with its default."""
    out = tmp_path / "station.toml"
    answers = ["maoxian-2", "", "30.5", "", "", "", "apple", "", "bme280", ""]
    code, said = interviewed(out, answers, "--state", str(tmp_path))
    assert code == 0, said
    config = load(out)
    assert (config.station.id, config.site.latitude, config.site.longitude) == ("maoxian-2", 30.5, 103.85)
    assert (config.site.crop, config.broker, config.sensor[0].driver) == ("apple", None, "bme280")
    assert "Latitude, degrees north [31.68]" in said
    assert list(tmp_path.iterdir()) == [out]


def test_a_wrong_answer_is_asked_for_again(tmp_path: Path) -> None:
    """Each answer is checked at once: what is right is said, the question comes again, and nothing is lost."""
    out = tmp_path / "station.toml"
    answers = ["茂县一号", "maoxian-1", "", "103.85", "31°40'48\"", "", "", "1590 m", "", str(tmp_path)]
    answers += ["mqtt://a:b#c@h", "mqtt://h", "bme", "bme280:address=76", "bme280：address=0x76", ""]
    code, said = interviewed(out, answers)
    assert code == 0, said
    config = load(out)
    assert (config.station.id, config.site.latitude, config.site.altitude_m) == ("maoxian-1", 31.68, 1590)
    assert [sensor.name for sensor in config.sensor] == ["bme280"]
    for told in (
        "must be 1 to 32 lower-case letters, digits or hyphens",
        "103.85 is a longitude: write the latitude here, between -90 and 90",
        "a # in the login must be written %23",
        'There is no driver "bme"; did you mean "bme280"?',
        "76 is decimal: write 0x76?",
    ):
        assert f"Error: {told}" in said.replace("Error: bme280: address = 76: ", "Error: ")


@pytest.mark.parametrize(("sign", "ends"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_interview_goes_on(tmp_path: Path, sign: int, ends: int) -> None:
    """Whatever ends it (Ctrl-C, a lost line): the same command offers the answers again, and Enter takes them."""
    out = tmp_path / "station.toml"
    first = ["maoxian-1", "上寨果园", "30.5", "103.9", "", "1800", "apple", str(tmp_path / "state"), "mqtt://a:b@h"]
    code, said = interviewed(out, [*first, "bme280", "veml7700"], until=("✓ veml7700", sign))
    assert (code, out.exists()) == (ends, False)
    assert ("The answers are kept" in said) is (sign == signal.SIGINT)
    kept = [file for file in tmp_path.iterdir() if file.is_file()]
    assert kept
    assert not any(file.stat().st_mode & 0o077 for file in kept), "a login may stand in it"
    code, said = interviewed(out, ["", "-", "30.6", *[""] * 8, "", ""])
    assert code == 0, said
    assert "[上寨果园]" in said
    config = load(out)
    assert (config.station.id, config.station.title) == ("maoxian-1", ""), "- takes an answer out"
    assert (config.site.latitude, config.site.longitude, config.site.altitude_m) == (30.6, 103.9, 1800)
    assert config.broker is not None
    assert (config.broker.url, config.state.dir) == ("mqtt://a:b@h", str(tmp_path / "state"))
    assert [sensor.name for sensor in config.sensor] == ["bme280", "veml7700"]
    assert list(tmp_path.iterdir()) == [out], "nothing is left beside the file"


BETWEEN = """
import signal, sys, threading, time
from provisioning.main import main

def press():
    while "click.termui" not in sys.modules or signal.getitimer(signal.ITIMER_REAL) == (0, 0):
        time.sleep(0.05)
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

threading.Thread(target=press, daemon=True).start()
main(["--lang", "en", "init", "--out", sys.argv[1]])
"""


def test_no_press_of_ctrl_c_is_lost_on_its_way(tmp_path: Path) -> None:
    """A signal that another thread took, so that the question's own call waits on, ends it all the same.

    So does one that comes just before the call, which no test can time.
    """
    near, far = pty.openpty()
    words = [sys.executable, "-c", BETWEEN, str(tmp_path / "station.toml")]
    with subprocess.Popen(words, stdin=far, stdout=far, stderr=far, env={**os.environ, **ENGLISH}) as asked:
        os.close(far)
        try:
            assert asked.wait(60) == 130, "nobody has to press a key for it"
        finally:
            asked.kill()
    os.close(near)


@pytest.mark.parametrize(
    ("option", "typed", "said"),
    [
        ("--sensor", "bme", 'no driver "bme"; did you mean'),
        ("--station", "茂县", "1 to 32 lower-case letters, digits or hyphens"),
        ("--broker", "mqtt://a:b#c@h", "must be written %23"),
        ("--camera", "192.168.1.9", "http://192.168.1.9 for stills"),
        ("--latitude", "103", "site.latitude = 103.0: must be at most 90"),
    ],
)
def test_what_was_given_wrong_is_told_before_the_questions(tmp_path: Path, option: str, typed: str, said: str) -> None:
    """And not after nine answers."""
    code, shown = interviewed(tmp_path / "station.toml", [], option, typed)
    assert code in (2, 3)
    assert said in " ".join(shown.split())
    assert "[31.68]" not in shown


def test_sensors_that_clash_are_told_at_once(tmp_path: Path) -> None:
    """The second one on an address is refused when it is named, not when everything has been answered."""
    out = tmp_path / "station.toml"
    answers = ["a", *[""] * 6, str(tmp_path), "", "bme280", "bme280", "bme280:address=0x77", ""]
    code, said = interviewed(out, answers)
    assert code == 0, said
    assert 'Error: address: sensor "bme280" has address 0x76 on /dev/i2c-1 too' in said
    assert [sensor.name for sensor in load(out).sensor] == ["bme280", "bme280-2"]


def test_a_folder_that_cannot_be_written_is_told_before_the_questions(tmp_path: Path) -> None:
    """Nobody answers twelve questions for a file that can never be there."""
    code, said = interviewed(tmp_path / "none" / "station.toml", ["a"])
    assert code == 2
    said = " ".join(said.split())
    assert "none/station.toml cannot be written: No such file or directory" in said
    assert f"→ Make its folder first: sudo mkdir -p {tmp_path}/none" in said
    assert "station's name" not in said
