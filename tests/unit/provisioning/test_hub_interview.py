"""`minshan hub init` on a terminal: each answer is checked at once, and asked for again where it is wrong."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from rich.cells import cell_len

from hub.config import load
from provisioning.commands.exits import Exit
from tests.kits.command import minshan
from tests.kits.sink_kit import query
from tests.unit.provisioning.test_interview import interviewed

HUB_INIT = ("hub", "init")


def unfolded(said: str) -> str:
    """Return what was said as if the window had been wide enough."""
    return " ".join(said.split())


def test_a_wrong_answer_is_asked_for_again(tmp_path: Path) -> None:
    """What is wrong with it is said before the next question, and no other answer is lost."""
    out, database, other = tmp_path / "hub.toml", f"sqlite://{tmp_path}/hub.db", f"sqlite://{tmp_path}/other.db"
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "text").write_text("somebody's notes " * 400)
    query(other, "CREATE TABLE somebodys (thing)")
    answers = [
        "broker.example",
        "mqtt://broker:99999",
        "mqtt://hub@127.0.0.1:9",
        str(tmp_path / "none"),
        str(tmp_path / "password"),
    ]
    answers += ["mysql://host/name", f"sqlite://{tmp_path}/text", other, f"sqlite://{tmp_path}/text/hub.db", database]
    answers += [f"{tmp_path}/text/pictures", f"{tmp_path}/pictures", "8080", "0.0.0.0:8080", "127.0.0.1:8081"]
    code, said = interviewed(out, answers, command=HUB_INIT)
    assert code == 0, said
    config = load(out)
    assert (config.broker.url, config.broker.password_file) == ("mqtt://hub@127.0.0.1:9", str(tmp_path / "password"))
    assert (config.database.url, config.pictures.dir) == (database, f"{tmp_path}/pictures")
    assert config.http is not None
    assert config.http.listen == "127.0.0.1:8081"
    for told in (
        "must be an address such as mqtt://host:1883 or mqtts://host:8883",
        "none cannot be used: No such file or directory",
        "the database must be sqlite:///FILE with a full path",
        "text is not an SQLite database",
        "is another program's database (it has somebodys)",
        "text is not a folder",
        "must be an address of this machine and a port",
        "passwords would cross the network unencrypted",
    ):
        assert told in unfolded(said)
    assert "broker: mqtt://127.0.0.1:9 refuses connections" in unfolded(said)
    assert "hub user add" in said


def test_an_answer_may_be_none(tmp_path: Path) -> None:
    """Without a login no password is asked for; with - no page is served; what is given is not asked for."""
    out = tmp_path / "hub.toml"
    words = ("--database", f"sqlite://{tmp_path}/hub.db", "--pictures", f"{tmp_path}/pictures")
    code, said = interviewed(out, ["mqtt://127.0.0.1:9", "-"], *words, command=HUB_INIT)
    assert code == 0, said
    assert (load(out).http, "password" in said) == (None, False)


@pytest.mark.parametrize("lang", ["en_US.UTF-8", "zh_CN.UTF-8"])
def test_questions_and_errors_are_legible_in_a_window_of_40_columns(tmp_path: Path, lang: str) -> None:
    """A question and what is wrong with an answer are folded between words, as all else that is said."""
    answers = ["broker.example", "mqtt://127.0.0.1:9", "mysql://h/n", f"sqlite://{tmp_path}/hub.db"]
    answers += [f"{tmp_path}/pictures", "8080", "-"]
    narrow = {"LC_ALL": lang, "LANGUAGE": "", "COLUMNS": "40"}
    code, said = interviewed(tmp_path / "hub.toml", answers, command=HUB_INIT, env=narrow)
    assert code == 0, said
    told = re.sub("(Error: |错误：)", r"\n\1", said)  # what was typed ahead does not end the line of its question
    lines = [line.strip() for line in told.splitlines()]
    assert [line for line in lines if cell_len(line) > 40 and " " in line and "/" not in line] == []
    assert len([line for line in lines if line.startswith(("Error: ", "错误："))]) == 3


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C ends it with a word; no file, no database, no folder was made."""
    asked = ("The database", signal.SIGINT)
    code, said = interviewed(tmp_path / "hub.toml", ["mqtt://127.0.0.1:9"], until=asked, command=HUB_INIT)
    assert (code, "Interrupted." in said) == (130, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told_before_the_questions(tmp_path: Path) -> None:
    """The file cannot be written into somebody's text: nobody is asked six questions for nothing."""
    (tmp_path / "text").write_text("notes")
    code, said = interviewed(tmp_path / "text" / "hub.toml", [], command=HUB_INIT)
    assert (code, "cannot be used: Not a directory" in unfolded(said), "broker" in said) == (2, True, False)


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "script"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--broker", "mqtt//x"), "--broker: must be an address such as mqtt://host:1883"),
        (("--broker", "mqtt://h:99999"), "--broker: the port after the host's : must be from 1 to 65535"),
        (("--broker", "mqtt://h", "--database", "mysql://h/n"), "--database: the database must be sqlite:///FILE"),
        (("--broker", "mqtt://h", "--http", "8080"), "--http: must be an address of this machine and a port"),
        (("--broker", "mqtt://h", "--http", "0.0.0.0:80"), "--http: passwords would cross the network unencrypted"),
        (("--broker", "mqtt://h", "--pictures", "/dev/null/p"), "--pictures: /dev/null is not a folder"),
        (("--broker", "mqtt://h", "--broker-password-file", "/none"), "--broker-password-file: /none cannot be used"),
    ],
    ids=lambda words: " ".join(words[-2:]) if isinstance(words, tuple) else "",
)
def test_a_wrong_option_is_told_before_anything_is_asked(
    tmp_path: Path, terminal: bool, words: tuple[str, ...], told: str
) -> None:
    """By its name and what would be right, as an answer is; nothing is written."""
    out = tmp_path / "hub.toml"
    if terminal:
        code, said = interviewed(out, [], *words, command=HUB_INIT)
    else:
        ran = minshan(*HUB_INIT, *words, "--out", str(out))
        code, said = ran.code, ran.err
    assert (code, f"Error: {told}" in unfolded(said)) == (2, True), said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "url"),
    [
        ("--broker", "mqtt://hub@[::1"),
        ("--broker", "mqtt://hub:secret@[::1"),
        ("--database", "postgresql://hub@[::1/minshan"),
    ],
)
def test_an_address_with_half_a_bracket_is_a_mistake_of_the_command_line(tmp_path: Path, option: str, url: str) -> None:
    """As any other wrong address is: it is no fault of Minshan's own."""
    words = {"--broker": "mqtt://127.0.0.1:9", "--database": f"sqlite://{tmp_path}/hub.db"} | {option: url}
    done = minshan(*HUB_INIT, *(word for pair in words.items() for word in pair), "--out", str(tmp_path / "hub.toml"))
    assert done.code == Exit.USAGE, done.err
    assert not (tmp_path / "hub.toml").exists()
