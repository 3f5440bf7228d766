"""The Chinese catalogue: whole, compiled, and true to what the commands and the station really say."""

from __future__ import annotations

import ast
import importlib.util
import logging
import re
import string
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from edge.language import remedies, texts
from edge.language.log_lines import LogFormatter
from edge.store.errors import in_use
from tests.kits.chinese_marks import english_marks
from tests.test_house import modules

ROOT = Path(__file__).resolve().parent.parent.parent.parent.parent
INSIDE = re.compile(r"\b(epochs?|seqs?|lanes?|ledgers?)\b", re.IGNORECASE)


@cache
def tool() -> ModuleType:
    """Load the catalogue's own tool, which is a script and no module of a package."""
    spec = importlib.util.spec_from_file_location("catalog", ROOT / "edge/language/locale/catalog.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def catalogue() -> Catalog:
    """Read minshan.po."""
    with tool().PO.open("rb") as file:
        return read_po(file, locale="zh_CN", charset="utf-8")


@cache
def ours() -> frozenset[str]:
    """Return each text of ours in the source; of a plural its first form."""
    return frozenset(text if isinstance(text, str) else text[0] for _where, text in tool().ours())


@cache
def said() -> frozenset[str]:
    """Return each text that the commands say, click's own too."""
    return ours() | {text if isinstance(text, str) else text[0] for _where, text in tool().clicks()}


def messages() -> list[Message]:
    """Return its texts, without the header; of the reasons, whose text is a code, their English stands in `english`."""
    return [message for message in catalogue() if message.id]


def chinese(message: Message) -> str:
    """Return the translation; of a plural its one form."""
    found = message.string
    return found if isinstance(found, str) else "".join((found or ("",))[:1])


def english(message: Message) -> tuple[str, ...]:
    """Return the text; of a plural both forms, of a reason its template."""
    if message.context is not None:
        return (" ".join(message.auto_comments),)  # a long one is folded
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def test_everything_that_is_said_is_translated() -> None:
    """Each text in the source has its Chinese in minshan.po; `python edge/language/locale/catalog.py` collects."""
    done = {english(message)[0] for message in messages() if chinese(message) and message.context is None}
    assert sorted(said() - done) == []


def test_nothing_is_kept_that_is_no_longer_said() -> None:
    """A text that went from the source goes from the catalogue."""
    assert sorted({english(message)[0] for message in messages() if message.context is None} - said()) == []
    reasons = {str(message.id) for message in messages() if message.context == tool().REASON}
    assert sorted(reasons - tool().templates().keys()) == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    """minshan.mo, which a station reads, is minshan.po compiled."""
    assert tool().MO.read_bytes() == tool().mo_bytes(tool().PO.read_bytes())


def gaps(text: str) -> set[str]:
    """Return the names of a text's gaps, {these} and %(these)s."""
    named = {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name}
    return named | set(re.findall(r"%\((\w+)\)", text))


def test_translations_have_the_gaps_of_their_texts() -> None:
    """A translation names no gap that its text does not fill, and leaves none of a sentence's out."""
    for message in messages():
        if "{" in english(message)[0].replace('{"', "") or "%(" in english(message)[0]:
            allowed = set().union(*(gaps(text) for text in english(message)))
            if message.context is not None:  # a reason's may use more of its parameters, see test_reason
                assert allowed <= gaps(chinese(message)), message.id
                continue
            assert gaps(chinese(message)) <= allowed, message.id
            if len(english(message)) == 1:
                assert gaps(chinese(message)) == allowed, message.id


def test_translations_have_chinese_marks() -> None:
    """No half-width comma, question mark, bracket or quote stands in a Chinese sentence, and no blank between two."""
    said = [chinese(message) for message in messages()]
    assert [(text, marks) for text in said if (marks := english_marks(text))] == []


def test_a_chinese_sentence_names_the_chinese_document() -> None:
    """Who reads Chinese is sent to a document's Chinese twin, where it has one."""
    named = {name for message in messages() for name in re.findall(r"docs/[\w/.-]+\.md", chinese(message))}
    assert named
    assert [name for name in named if (ROOT / name.replace(".md", ".zh-CN.md")).exists()] == []
    assert [name for name in named if not (ROOT / name).exists()] == []


def is_printed(node: ast.AST) -> bool:
    """Return whether a call gives its arguments to a person at a terminal."""
    if not isinstance(node, ast.Call):
        return False
    return ast.unparse(node.func).rpartition(".")[2] in ("say", "echo", "Finding", "CommandError", "secho")


def test_no_mark_is_put_between_words_but_by_the_catalogue() -> None:
    """What a command prints has no comma, colon or bracket of English that stands in the source beside a gap."""
    found = [
        f"{module.where}:{part.lineno}"
        for module in modules("provisioning", "hub", "edge")
        if not module.where.endswith("catalog.py")  # the tool of who translates
        for call in module.nodes
        for part in (ast.walk(call) if is_printed(call) else [call])
        if isinstance(part, ast.JoinedStr) and (is_printed(call) or re.search(r"texts\.|_\(", ast.unparse(part)))
        for text in part.values
        if isinstance(text, ast.Constant) and re.search(r"[,;:(]( |$)", str(text.value))
    ]
    assert found == []


def test_no_word_of_the_inside_is_said_to_people() -> None:
    """No screen for people says epoch, seq, lane or ledger."""
    assert [text for text in ours() if INSIDE.search(text)] == []


@pytest.fixture
def in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speak Chinese in this process, for one test."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")


@pytest.mark.usefixtures("in_chinese")
def test_what_the_station_says_is_told_in_chinese(tmp_path: Path) -> None:
    """A reason with figures in it, and one inside another, come out Chinese."""
    assert texts.render(in_use(tmp_path, 7).reason).startswith(f"数据目录 {tmp_path} 正被另一个 minshan 进程（7）")


def test_a_sentence_that_an_older_station_sends_alone_is_told_in_chinese() -> None:
    """Without its code a meaning is known by its English; what somebody has written is left as it is."""
    with texts.speaking("zh"):
        assert texts.render_value("first start") == "首次启动"
        assert texts.render_value("first start of the new mast") == "first start of the new mast"
    with texts.speaking("en"):
        assert texts.render_value("first start") == "first start"


@pytest.mark.usefixtures("in_chinese")
def test_quantities_flags_and_spans_in_chinese() -> None:
    """The field's terms."""
    assert [texts.label(name) for name in ("air_temperature", "wind_speed_of_gust", "wet_bulb_temperature")] == [
        "气温",
        "极大风速",
        "湿球温度",
    ]
    assert texts.label("air_temperature.mast") == "气温（mast）"
    assert [texts.flag_word(flag) for flag in (1, 2, 3, 4, 9)] == ["合格", "未检验", "可疑", "不合格", "缺测"]
    assert texts.duration(7500) == "2 小时 5 分钟"
    assert texts.unit("degC") == "°C"


def test_every_quantity_has_a_name_for_people() -> None:
    """No screen shows a CF name."""
    from drivers.quantity import QUANTITIES
    from edge.language.words import QUANTITIES as NAMED

    assert sorted(set(QUANTITIES) - set(NAMED)) == []


def test_the_journals_lines_keep_their_gaps() -> None:
    """What is put into a line of the journal comes in the same order in both languages: its gaps have no names."""
    form = re.compile(r"%[\d.]*[a-z]")
    lines = {text for _where, text in tool().log_lines()}
    assert len(lines) > 30
    for message in messages():
        if message.id in lines:
            assert form.findall(chinese(message)) == form.findall(str(message.id)), message.id


@pytest.mark.usefixtures("in_chinese")
def test_what_is_put_into_a_line_of_the_journal_is_told_in_chinese(tmp_path: Path) -> None:
    """A reason, an error that has one, and an error of the system; the record itself stays as it is for others."""
    form = LogFormatter("%(levelname)s %(message)s")
    for value, told in (
        (in_use(tmp_path, None), "另一个程序"),
        (in_use(tmp_path, None).reason, "另一个程序"),
        (OSError(28, "No space left on device"), "设备上没有空间"),
    ):
        record = logging.LogRecord(
            "minshan", logging.WARNING, "", 1, "the newest record cannot be read: %s", (value,), None
        )
        line = form.format(record)
        assert line.startswith("警告 最新的记录无法读取：")
        assert told in line
        assert (record.levelname, record.args) == ("WARNING", (value,))


def test_each_remedy_of_a_device_asks() -> None:
    """What a technician is to do is asked for, as everywhere."""
    told = (remedies.REMEDIES, remedies.ON_ITS_BUS, remedies.NOT_THERE, remedies.CLOSER)
    found = {text for table in told for text in table.values()}
    chinese = {str(message.string) for message in messages() if message.id in found}
    assert len(chinese) == len(found) and not [text for text in chinese if "请" not in text]
