"""Words of a command line that are near what was meant: what to type is said, on every level and once."""

from __future__ import annotations

import click
import pytest

from provisioning.commands.durations import Duration
from provisioning.main import CommandGroup
from tests.kits.command import minshan


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("doktor", "doctor"),
        ("sensors reed", "read"),
        ("hub alrets ack", "alerts"),
        ("hub usr add", "user"),
        ("hub user ad", "add"),
        ("hub alerts ack", "acknowledge"),
        ("remote orchard-1 pictur", "picture"),
        ("decode", "sensors decode"),
        ("user", "hub user"),
        ("restore", "hub restore"),
        ("hub user add li --rol admin", "--role"),
        ("hepl", "help"),
        ("version", "--version"),
    ],
)
def test_a_near_word_is_offered_once(words: str, near: str) -> None:
    """Of a command, of one below it (typed without that too), of what begins with the word, of an option."""
    assert minshan(*words.split()).err.count("Did you mean") == 1
    assert f"Did you mean '{near}'?" in minshan(*words.split()).err
    assert minshan(*words.split(), "--lang", "zh").err.endswith(f"。是不是想写“{near}”？\n")


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("help", "--help"),
        ("帮助", "--help"),
        ("help doctor", "doctor --help"),
        ("sensors help", "sensors --help"),
        ("help hub user add", "hub user add --help"),
        ("hub user help add", "hub user add --help"),
        ("-help", "--help"),
        ("/?", "--help"),
        ("status -help", "status --help"),
        ("hub init /?", "hub init --help"),
        ("doctor ?", "doctor --help"),
        ("status help", "status --help"),
        ("sensors --帮助", "sensors --help"),
    ],
)
def test_help_is_given_to_who_types_it_as_a_word(words: str, same: str) -> None:
    """Before a command, behind a group or a command, and as other systems write it; in both languages."""
    for lang in ("en", "zh"):
        said = minshan(*words.split(), "--lang", lang)
        assert (said.code, said.out) == (0, minshan(*same.split(), "--lang", lang).out)


def test_a_value_is_no_call_for_help() -> None:
    """Whatever stands behind an option is its value, and no words at all are no call either."""
    assert "--out" in minshan("init", "--title", "-help").err
    assert minshan("init", "--state", "?", "--altitude", "?").code == 2
    assert minshan().code == 2


def test_who_would_end_maintenance_with_a_word_is_told_how() -> None:
    """`end`, `off` and 结束 are no durations."""
    assert minshan("maintenance", "off", "--lang", "zh").err.endswith("20m、6h 或 2d；写 0 立即结束\n")


def test_every_group_is_known_as_one() -> None:
    """Only groups are loaded to find a command below them."""
    every = CommandGroup(name="minshan")
    context = click.Context(every)
    loaded = {name: every.get_command(context, name) for name in every.list_commands(context)}
    assert [name for name, one in loaded.items() if isinstance(one, click.Group)] == every.group_names()


def test_minutes_of_arc_are_no_quotation_marks() -> None:
    """What was typed and how it is written stand as they are."""
    said = minshan("init", "--lang", "zh", "--out", "x.toml", "--latitude", "31°40'x").err
    assert said.endswith("""“31°40'x”不是经纬度：要写成 31.68 或 31°40'48"\n""")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("hub alerts aack", "没有命令“aack”。可用：“acknowledge”、“list”、“log”、“test”。"),
        ("horn x", "没有命令“x”。可用：“silence”、“test”。"),
        ("frost", "没有命令“frost”。"),
    ],
)
def test_where_no_word_is_near_the_few_that_there_are_are_named(words: str, said: str) -> None:
    """A group of many has its help for that."""
    assert minshan(*words.split(), "--lang", "zh").err.splitlines()[-1] == f"错误：{said}"


@pytest.mark.parametrize(
    ("words", "typed", "sign", "right"),
    [
        ("—help", "—help", "—", "--help"),
        ("–h", "–h", "–", "-h"),
        ("doctor —help", "—help", "—", "--help"),
        ("hub user list –-config x", "–-config", "–", "--config"),
        ("maintenance −json 20m", "−json", "−", "--json"),
        ("－－help", "－－help", "－", "--help"),
        ("sensors read bme280 -—count=3", "-—count=3", "—", "--count=3"),
    ],
)
def test_a_dash_that_a_phone_made_of_two_is_named(words: str, typed: str, sign: str, right: str) -> None:
    """Which sign was typed and what to type, wherever the option stands; nothing is done."""
    english, chinese = minshan(*words.split()), minshan(*words.split(), "--lang", "zh")
    assert english.err == f"Error: {typed}: it starts with the dash {sign}: write {right}\n"
    assert chinese.err == f"错误：{typed}：开头是破折号 {sign}，不是半角减号：请写 {right}\n"
    assert (english.code, english.out) == (2, "")


def test_a_dash_that_begins_no_option_is_left_alone() -> None:
    """A value below zero or a text of its own may begin with one."""
    assert "dash" not in minshan("hub", "person", "add", "—").err + minshan("--", "—help").err


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "Error: Missing option '--out': The file to write."), ("zh", "错误：缺少选项“--out”：写到哪里。")],
)
def test_an_option_that_is_missing_is_told_with_what_it_is(lang: str, said: str) -> None:
    """In one sentence."""
    assert minshan("init", "--lang", lang).err.splitlines()[-1] == said


@pytest.mark.parametrize(("lang", "said"), [("en", "[default: 1; from 1 to 50]"), ("zh", "[默认：1；1 至 50]")])
def test_help_tells_a_range_in_words(lang: str, said: str) -> None:
    """As the refusal of a number beyond it does."""
    assert said in " ".join(minshan("demo", "--help", "--lang", lang).out.split())


@pytest.mark.parametrize(
    ("words", "lang", "said"),
    [
        ("maintenance -5m", "zh", "“时长”的值无效：“-5m”不是时长：请写成 90s、20m、6h 或 2d；写 0 立即结束"),
        ("maintenance -.5h cleaning", "en", '"-.5h" is not a duration: write it as 90s, 20m, 6h or 2d, or 0 to end it'),
        ("sensors address wind -3", "en", "Invalid value for '[ADDRESS]': -3 is not in the range from 1 to 247."),
        ("sensors address wind -3", "zh", "“[地址]”的值无效：-3 超出范围，应为 1 至 247。"),
        ("sensors read --count 0", "en", "Invalid value for '--count': 0 is not in the range from 1 up."),
        ("sensors read --count 0", "zh", "“--count”的值无效：0 超出范围，应为 1 及以上。"),
        ("demo --stations 0", "zh", "“--stations”的值无效：0 超出范围，应为 1 至 50。"),
        ("demo --stations 51", "en", "Invalid value for '--stations': 51 is not in the range from 1 to 50."),
        (
            "show -7",
            "zh",
            "“[时段]”的值无效："
            "“-7”不在可选值“24h（24 小时）”、“last-night（昨夜）”、“7d（7 天）”、“season（本季）”之中。",
        ),
        ("sensors read -1", "en", "No such option '-1'."),
        ("maintenance 5m -c", "en", "No such option '-c'."),
    ],
)
def test_a_number_below_zero_is_no_option(words: str, lang: str, said: str) -> None:
    """What an argument takes is said of it; where any word may be the argument, it is an option as before."""
    told = minshan(*words.split(), "--lang", lang)
    assert (told.code, told.err.splitlines()[-1].endswith(said)) == (2, True), told.err


def test_a_choice_is_told_by_its_arguments_name() -> None:
    """The line of its usage names it, and its help says what there is."""
    said = minshan("show", "25h").err
    assert "show [OPTIONS] [SPAN] [QUANTITY]" in said
    assert "'[SPAN]': '25h' is not one of '24h', 'last-night', '7d', 'season'." in said
    assert "SPAN is one of: `24h`, `last-night`, `7d`, `season`; 24h if not given." in minshan("show", "--help").out


@pytest.mark.parametrize("text", ["0.0001s", "0.99 s", "0.00001h"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    """What would be told as 0 s begins nothing."""
    with pytest.raises(click.BadParameter, match="is too short: at least 1s"):
        Duration(zero=True).convert(text, None, None)


@pytest.mark.parametrize(
    ("words", "lang", "said"),
    [
        ("hub gaps orchard-1", "zh", "多余的参数（orchard-1）；可用：“--config”、“--station”、“--day”、“--json”。\n"),
        ("status --verbose", "en", "no such option '--verbose'. There are: '--config', '--state', '--json'.\n"),
        ("hub --config x status", "zh", "选项要写在命令之后：`minshan hub status --config …`\n"),
        ("--config x status", "en", "It belongs behind the command: `minshan status --config …`\n"),
        ("hub user --station a list", "zh", "没有选项“--station”。\n"),
    ],
)
def test_a_word_that_does_not_belong_there_is_told_with_what_does(words: str, lang: str, said: str) -> None:
    """The options of a command that takes no words; where an option belongs that stands before its command."""
    assert minshan(*words.split(), "--lang", lang).err.lower().endswith(said.lower())
