"""The command line itself: languages, exit codes, whole outputs of what goes wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest
from msgspec.structs import replace

from edge.language.texts import duration, language, reported, size, when
from edge.snapshots import ClockStatus, MinuteStatus
from provisioning import main as entry
from provisioning.commands.durations import Duration
from provisioning.commands.exits import Exit
from provisioning.commands.status import lines as status_lines
from provisioning.folding import columns_of
from tests.kits.command import minshan
from tests.kits.statuses import status
from tests.unit.edge.config.test_config import BME, STATION

CHINESE = {"LC_ALL": "zh_CN.UTF-8"}


def test_help_names_every_command_in_both_languages() -> None:
    """--help lists the commands; in a Chinese locale, or with --lang zh anywhere, it is Chinese."""
    english, chinese = minshan("--help"), minshan("--help", env=CHINESE)
    assert english.code == chinese.code == 0
    for command in ("init", "sensors", "doctor", "run", "status", "maintenance", "remote"):
        assert f"\n  {command} " in english.out
        assert f"\n  {command} " in chinese.out
    assert "Usage: minshan [OPTIONS] COMMAND" in english.out
    assert "用法：minshan [选项] 命令" in chinese.out
    assert "Ask the running station" not in chinese.out
    assert minshan("--lang", "zh", "--help").out == minshan("--help", "--lang=zh").out == chinese.out
    assert minshan("--lang", "en", "--help", env=CHINESE).out == english.out


@pytest.mark.parametrize("columns", [40, 80])
def test_chinese_help_is_folded_as_it_is_drawn(columns: int) -> None:
    """A Chinese character takes two columns, and no word is parted: nothing is wider than the window."""
    said = "".join(minshan(*words, "--help", env=CHINESE | {"COLUMNS": str(columns)}).out for words in ([], ["demo"]))
    assert all(columns_of(line) <= columns for line in said.splitlines() if "[day|frost|" not in line)
    assert all(word in said for word in ("Ctrl-C", "committed", "--until-sent", "dark-week"))


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW"}, "zh"),
        ({"LANG": "C"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_locales(environment: dict[str, str], spoken: str) -> None:
    """LC_ALL before LC_MESSAGES before LANG; what is neither Chinese nor English is English."""
    assert language(environment) == spoken


NO_FILE = """\
Error: none.toml: the file is not there
"""
NO_FILE_ZH = """\
错误：none.toml：文件不存在
"""
NO_COMMAND = """\
Usage: minshan [OPTIONS] COMMAND [ARGS]...
Try 'minshan --help' for help.

Error: No such command 'frost'.
"""
NO_COMMAND_ZH = """\
用法：minshan [选项] 命令 [参数]...
要看帮助，请运行“minshan --help”。

错误：没有命令“frost”。
"""


@pytest.mark.parametrize(
    ("words", "code", "english", "chinese"),
    [
        ("run --config none.toml", Exit.CONFIG, NO_FILE, NO_FILE_ZH),
        ("frost", Exit.USAGE, NO_COMMAND, NO_COMMAND_ZH),
        (
            "run --config .",
            Exit.CONFIG,
            "Error: .: is a folder, not a file\n",
            "错误：.：是目录，不是文件\n",
        ),
        (
            "status --state .",
            Exit.TROUBLE,
            "Error: No station is running on ..\n  → Start it: minshan run\n",
            "错误：. 上没有正在运行的站。\n  → 请启动它：minshan run\n",
        ),
        (
            "remote Mao picture --broker mqtt://127.0.0.1:9",
            Exit.USAGE,
            'Error: "Mao" is not a valid station name\n',
            "错误：“Mao”不是有效的站号\n",
        ),
        (
            "remote mao picture --broker http://127.0.0.1",
            Exit.USAGE,
            "Error: --broker: must be an address such as mqtt://host:1883 or mqtts://host:8883\n",
            "错误：--broker：要写成 mqtt://主机:1883 或 mqtts://主机:8883\n",
        ),
        (
            "remote mao picture --broker mqtt://127.0.0.1:9",
            Exit.BROKER,
            "Error: mqtt://127.0.0.1:9 refuses connections: is the broker running, is the port right?\n",
            "错误：mqtt://127.0.0.1:9 拒绝连接：消息服务器在运行吗，端口对吗？\n",
        ),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_a_code(
    words: str, code: int, english: str, chinese: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing on the standard output, one sentence with its remedy on the other, in the person's language."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(entry.__file__).parent.parent))
    for env, expected in (({}, english), (CHINESE, chinese)):
        said = minshan(*words.split(), env=env)
        assert (said.code, said.out, said.err) == (code, "", expected)


def test_each_mistake_of_a_file_has_its_line_in_both_languages(tmp_path: Path) -> None:
    """A wrong type, an unknown key, an unknown driver and a clash of addresses: a line each, code 3."""
    file = tmp_path / "station.toml"
    second = BME.replace('"air"', '"b"')
    file.write_text(
        STATION.replace("31.68", '"x"') + BME + second + "primery = true\n" + BME.replace("bme280", "bme208")
    )
    english, chinese = (minshan("run", "--config", str(file), env=env) for env in ({}, CHINESE))
    assert english.code == chinese.code == Exit.CONFIG
    assert english.err.replace(str(file), "F").splitlines() == [
        'Error: F:4: site.latitude = "x": must be a number without quotes, as 3.5',
        'Error: F:17: sensor "b".primery = true: unknown key; did you mean "primary"?',
        'Error: F:19: sensor "air".name = "air": the name "air" is taken by another one in this file; '
        "each needs its own",
        'Error: F:20: sensor "air".driver = "bme208": there is no driver "bme208"; did you mean "bme280"?',
    ]
    assert chinese.err.replace(str(file), "F").splitlines() == [
        '错误：F:4：site.latitude = "x"：要填数字，例如 3.5',
        '错误：F:17：sensor "b".primery = true：没有这一项；是不是“primary”？',
        '错误：F:19：sensor "air".name = "air"：名称“air”在此文件里已用过；每个都要有自己的名称',
        '错误：F:20：sensor "air".driver = "bme208"：没有驱动“bme208”；是不是“bme280”？',
    ]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that the system does not give (another user's, a failing card) is one line with code 3."""
    file = Path("/proc/self/mem")  # what even root cannot read from its beginning
    if os.geteuid():
        file = tmp_path / "station.toml"
        file.write_text(STATION)
        file.chmod(0)
    said = minshan("run", "--config", str(file))
    assert (said.code, len(said.err.splitlines())) == (Exit.CONFIG, 1)
    assert said.err.startswith(f"Error: {file}: the file cannot be read: ")


def test_the_installed_file_is_asked_for_where_none_is_named() -> None:
    """Without --config the installed file is meant; where it is not there, what to do is said."""
    if Path("/etc/minshan/station.toml").exists():
        pytest.skip("a station is installed on this machine")
    said = minshan("run", "--check")
    assert (said.code, said.err) == (
        Exit.CONFIG,
        "Error: /etc/minshan/station.toml: the file is not there\n"
        "  → Name the file with --config, or write one with `minshan init`.\n",
    )


def test_check_says_that_a_file_is_right(tmp_path: Path) -> None:
    """`run --check` starts nothing: it says that the file is right, or as JSON."""
    file = tmp_path / "station.toml"
    file.write_text(STATION + BME)
    said = minshan("run", "--check", "--config", str(file))
    assert (said.code, said.out) == (0, f'{file} is right: station "maoxian-1", 1 sensor.\n')
    facts = json.loads(minshan("run", "--check", "--json", "--config", str(file)).out)
    assert facts == {"file": str(file), "station": "maoxian-1", "sensors": 1}


def test_the_unforeseen_is_one_sentence_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A fault of Minshan's own shows no traceback: one sentence, its detail in a file, code 70."""

    def broken() -> click.Group:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(entry, "group", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert entry.outcome([]) == Exit.INTERNAL
    said = capsys.readouterr().err
    (log,) = tmp_path.glob("minshan-*.log")
    assert said.splitlines() == [
        f"Unexpected error in Minshan itself (ZeroDivisionError). The details are in {log}; "
        "please report this with that file attached."
    ]
    assert "inside" in log.read_text()


def test_what_may_be_left_out_is_in_brackets() -> None:
    """The usage line of `maintenance` shows that the text may be left out."""
    assert "Usage: minshan maintenance [OPTIONS] DURATION [TEXT]\n" in minshan("maintenance", "--help").out
    assert "时长 [文字]" in minshan("maintenance", "--help", "--lang", "zh").out


def test_a_reader_that_goes_is_no_fault() -> None:
    """`minshan sensors | head -1` ends quietly."""
    import subprocess
    import sys

    shell = f"{sys.executable} -m provisioning.main sensors --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("[0\n", "")


def test_interrupted_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with one word and the shell's code for it."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "group", interrupted)
    assert entry.outcome([]) == Exit.INTERRUPTED
    assert capsys.readouterr().err == "Interrupted.\n"


def test_status_before_the_time_is_known_and_after_a_cut_minute() -> None:
    """No sentence tells of an unknown time as if it were one; a minute that was cut short says over what it is."""
    minute = MinuteStatus({"pm1": 1.0}, {"pm1": 1}, start=None, duration=60.0)
    said = status_lines(status(station="maoxian-1", minute=minute))
    assert said[0] == "Station maoxian-1; it does not know the time yet"
    assert said[2] == "Measured in the last minute, whose time is not known yet:"
    cut = replace(minute, start=1_775_347_200_000_000, duration=19.2)
    known = {"time": 1_775_347_260_000_000, "clock": ClockStatus("ntp", 0.004, None)}
    said = status_lines(status(station="maoxian-1", minute=cut, **known))
    assert said[0] == "Station maoxian-1, 2026-04-05 08:01 (time from network time, ±0.01 s)"
    assert said[2] == "Measured in 19 s (this minute was cut short) from 2026-04-05 08:00:"
    undated = status(minute=replace(cut, start=None))
    assert status_lines(undated)[2] == "Measured in 19 s (this minute was cut short), before the time was known:"


def test_words_for_spans_times_sizes_and_values() -> None:
    """Spans in two units, instants by the site's clock, sizes as on a card, values at their resolution."""
    assert [duration(s) for s in (0, 59, 61, 7200, 90061)] == ["0 s", "59 s", "1 min 1 s", "2 h", "1 d 1 h"]
    assert when(1_775_347_200_000_000, 8.0) == "2026-04-05 08:00"
    assert when(None) == "at an unknown time"
    assert (size(999), size(1500), size(3.2e9), size(2e13)) == ("999 B", "1.5 kB", "3.2 GB", "20000.0 GB")
    assert (reported("air_temperature.mast", 3.1), reported("pm2p5", 12.0)) == ("3.10", "12.0")


@pytest.mark.parametrize("text", ["20", "soon", "-5m", "1e3m", "inf", "20 m m", "٣m", "0"])
def test_a_duration_says_its_unit(text: str) -> None:
    """A number alone is refused wherever a duration is asked for; "0" ends maintenance."""
    with pytest.raises(click.BadParameter, match="is not a duration"):
        Duration().convert(text, None, None)
    assert Duration(zero=True).convert("0", None, None) == 0
    chinese = [Duration().convert(text, None, None) for text in ("２０分钟", "1.5小时", "90秒", "2天")]
    assert chinese == [1200.0, 5400.0, 90.0, 172_800.0]
    assert [Duration().convert(text, None, None) for text in ("20m", "20 min", "1.5h", "90s", "2d")] == [
        1200,
        1200,
        5400,
        90,
        172800,
    ]


def test_a_number_alone_is_told_how_to_be_written() -> None:
    """Minutes and seconds are both offered."""
    assert "20 is not a duration: write 20m for minutes, 20s for seconds" in minshan("maintenance", "20").err


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("minshan sen", "sensors"), ("minshan sensors read bme", "bme280"), ("minshan init --lat", "--latitude")],
)
def test_the_tab_key_completes(typed: str, offered: str) -> None:
    """Commands, drivers and options are completed by the shell that `make install` has told about them."""
    env = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_MINSHAN_COMPLETE": "bash_complete"}
    assert f"plain,{offered}" in minshan(env=env).out.splitlines()


def test_an_error_is_json_too() -> None:
    """A program that asks for JSON reads the error where it looks for the answer, a person as before."""
    said = minshan("status", "--json", "--config", "none.toml")
    assert said.err == "Error: none.toml: the file is not there\n"
    assert json.loads(said.out) == {
        "error": {"code": 3, "sentences": ["none.toml: the file is not there"], "remedy": ""}
    }
    assert json.loads(minshan("status", "--json", "--nope").out)["error"]["code"] == 2
