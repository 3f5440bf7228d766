"""Meanings: a code with parameters, told in English where it was made and in the person's language where it is read."""

from __future__ import annotations

import ast
import copy
import pickle
import re
import string
from collections import defaultdict
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import NoAnswer
from drivers.reason import Reason, restored, system_reason
from edge.language import texts
from edge.records.bodies import plain_value
from tests.test_house import PACKAGES, modules
from tests.unit.edge.language.test_locale import catalogue, tool

FIGURES = {"x": 255, "d": 3, "g": 1.25, "f": 1.25}  # a value for a gap, by the last letter of its format
PARAMS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.text(max_size=9) | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    max_size=3,
)
REASONS = st.recursive(
    st.builds(lambda code, params: Reason(code, "{{" + code, **params), st.sampled_from(["one", "two"]), PARAMS),
    lambda inner: st.builds(lambda why: Reason("outer", "because {why}", why=why), inner),
    max_leaves=4,
)


@cache
def made_reasons() -> list[Any]:
    """Return each place where a meaning is made."""
    return list(tool().reasons())


def sample(made: Any) -> Reason:
    """Return the meaning with something in each gap of its template and of its translation."""
    message = catalogue().get(made.code, context="reason")
    values: dict[str, Any] = dict.fromkeys(made.params, "ÄÖ")
    for text in (made.template, str(message.string) if message else ""):
        for _, name, spec, _ in string.Formatter().parse(text):
            if name and values.get(name, "ÄÖ") == "ÄÖ":  # a number where one of the two texts asks for one
                values[name] = FIGURES.get((spec or " ")[-1], "ÄÖ")
    return Reason(made.code, made.template, **values)


def test_a_code_has_one_template() -> None:
    """One code means one thing wherever it is made."""
    found = defaultdict(set)
    for made in made_reasons():
        found[made.code].add(made.template)
    assert {code: templates for code, templates in found.items() if len(templates) > 1} == {}
    assert len(found) > 200


def test_a_meaning_is_made_with_all_its_gaps() -> None:
    """Neither the English sentence nor its translation has a gap that the place where it is made does not fill."""
    lacking = []
    for made in made_reasons():
        message = catalogue().get(made.code, context="reason")
        assert message is not None, made.where
        for text in (made.template, str(message.string)):
            named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            if "**" not in made.params and not named <= made.params:
                lacking.append(f"{made.where}: {text}")
    assert lacking == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_code_is_told_in_both_languages(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a whole sentence of its own in English and in Chinese, its figures in it."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak(lang)
    for made in made_reasons():
        reason = sample(made)
        told = texts.render(reason)
        assert told and "{" not in told, made.code
        if lang == "en":
            assert told == str(reason)
        elif re.search(r"\w", re.sub(r"\{.*?\}", "", made.template)):  # others are gaps alone
            assert told != str(reason), made.code
            assert any("一" <= sign <= "鿿" for sign in told), told


def test_every_list_in_a_meaning_is_known_as_one() -> None:
    """What is joined by ", " for people is joined by "、" in Chinese: its parameter's name says so."""
    joined = set()
    for module in (one for one in modules(*PACKAGES) if re.search(r", ['\"]\.join\(", one.text)):
        lists = {
            target.id
            for node in module.nodes
            if isinstance(node, ast.Assign) and "', '.join(" in ast.unparse(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in module.nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("Reason", "having"):
                for one in node.keywords:
                    value = ast.unparse(one.value)
                    if "', '.join(" in value or value in lists:
                        joined.add(one.arg)
    assert len(joined) > 5
    assert joined - set(texts.LIST_PARAMS) == set()


def test_a_changed_sentence_is_looked_at_again() -> None:
    """Where the English template has changed, its translation is marked, and the mark must be gone."""
    stale = [message.id for message in catalogue() if message.context == "reason" and message.fuzzy]
    assert stale == []
    templates = tool().templates()
    kept = {str(m.id): [" ".join(m.auto_comments)] for m in catalogue() if m.context == "reason"}
    assert kept == {code: [template] for code, template in templates.items()}


def test_a_newer_stations_meaning_is_shown_in_its_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code that this version does not know, or one with other parameters, is the sentence that came with it."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    newer = {"code": "eaten_by_a_bear", "params": {"bears": 3}, "text": "eaten by {3} bears"}
    assert texts.render_value(newer) == "eaten by {3} bears"
    assert texts.render_value({"code": "no_frame", "params": {"minutes": 1}, "text": "no frame in a minute"}) == (
        "no frame in a minute"
    )
    assert texts.render_value("as version 0.1.0 wrote it") == "as version 0.1.0 wrote it"
    assert texts.render_value({"code": "no_readings", "text": "no readings"}) == "没有读数"
    assert texts.render_value(None) == ""


def test_an_error_is_told_with_what_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of error first, then its detail, each in the person's language."""
    error = NoAnswer(Reason("not_acknowledged", "nothing acknowledges at its address"))
    assert (str(error.reason), str(error)) == ("no answer", "nothing acknowledges at its address")
    assert texts.in_full(error.reason) == "no answer: nothing acknowledges at its address"
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    assert texts.in_full(error.reason.builtins()) == "无应答：该地址上没有设备应答"
    assert texts.in_full(error.kind) == "无应答"


def test_parameters_are_told_as_people_know_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units and channels inside a meaning are those of the screens."""
    monkeypatch.setenv("LANGUAGE", "")
    texts.speak("zh")
    code, template = "differs_from_other", tool().templates()["differs_from_other"]
    reason = Reason(code, template, difference=4.0, unit="degC", other="air_temperature.hedge", minutes=10)
    assert str(reason) == "4 degC from air_temperature.hedge for 10 min"
    assert texts.render(reason) == "与气温（hedge）相差 4 °C，已 10 分钟"


@given(REASONS)
def test_a_meaning_outlives_being_written(reason: Reason) -> None:
    """As JSON in a record, by pickle and by copy it is the same meaning, with the same sentence."""
    wire = msgspec.json.decode(msgspec.json.encode(reason, enc_hook=plain_value))
    for again in (restored(wire), pickle.loads(pickle.dumps(reason)), copy.deepcopy(reason)):
        assert again == reason
        assert (str(again), hash(again)) == (str(reason), hash(reason))


@given(REASONS, REASONS)
def test_equal_is_who_means_the_same(one: Reason, two: Reason) -> None:
    """Code and parameters make a meaning; its wording does not."""
    same = one.code == two.code and one.params == two.params
    assert (one == two) is same
    assert Reason(one.code, "in other words").having(**one.params) == one


def test_a_meaning_cannot_be_changed() -> None:
    """It may be a key, and is shared by all that say the same."""
    reason = Reason("no_answer", "no answer")
    with pytest.raises(AttributeError):
        reason.code = "fine"
    assert not hasattr(reason, "__dict__")


@pytest.mark.parametrize("rubbish", [None, 3, [], {}, {"code": 1, "text": "x"}, {"code": "x"}])
def test_what_is_no_meaning_is_refused(rubbish: object) -> None:
    """Only what was written as one is read as one."""
    with pytest.raises(ValueError, match="no reason"):
        restored(rubbish)


def test_the_systems_errors_have_codes_too() -> None:
    """By their number, also inside another library's error; an unknown one keeps its own words."""
    assert system_reason(PermissionError(13, "Permission denied")).code == "permission_denied"
    try:
        try:
            raise OSError(25, "Inappropriate ioctl for device")
        except OSError as cause:
            raise ValueError("could not configure") from cause
    except ValueError as error:
        assert system_reason(error).code == "not_a_terminal"
    assert str(system_reason(OSError("odd"))) == "odd"


def test_nothing_looks_into_a_sentence() -> None:
    """No code searches or compares the text of an error, a reason or a doubt, or looks for words: it compares codes."""
    found = [
        f"{module.where}:{getattr(node, 'lineno', 0)}"
        for module in modules(*PACKAGES)
        for node in module.nodes
        if looks_in(node)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        'str(error).startswith("x")',
        "error.detail.partition(':')",
        '"timed out" in str(error)',
        'said.startswith("this station\'s certificate")',
        'text == "no answer"',
        'match(r"the name (.*) is not found", text)',
        'sentence.removeprefix("Value error, ")',
        '"Duplicate key" in said',
    ],
)
def test_who_looks_into_a_sentence_is_found(line: str) -> None:
    """The check above finds each way of doing it."""
    assert any(looks_in(node) for node in ast.walk(ast.parse(line)))


SENTENCES = {"error", "reason", "doubt", "trouble", "failure", "detail"}
SEARCHES = {"startswith", "endswith", "partition", "rpartition", "split", "find", "index", "count", "removeprefix"}
MATCHES = {"compile", "match", "fullmatch", "search", "findall", "finditer", "sub", "split"}
WORDS = re.compile(r"[a-z]{2,},? [a-z]{2,}")  # two words one after the other, as no key and no command has them


def looks_in(node: ast.AST) -> bool:
    """Return whether this searches, splits or compares a text made of an error or a reason, or for some words."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=args) if name in SEARCHES:
            return a_sentence(value) or any(map(is_words, args))
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[pattern, *_]) if name in MATCHES:
            return is_words(pattern)
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[right]):
            return is_words(left) or (isinstance(left, ast.Constant) and a_sentence(right))
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            return is_words(left) or is_words(right)
    return False


def is_words(node: ast.AST) -> bool:
    """Return whether this is a text of words, or a tuple with one."""
    match node:
        case ast.Constant(value=str() as text):
            return WORDS.search(text) is not None
        case ast.Tuple(elts=elements):
            return any(map(is_words, elements))
    return False


def a_sentence(node: ast.AST) -> bool:
    """Return whether this is `str(error)`, `error.reason`, `reading.doubt` or the like."""
    match node:
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return a_sentence(inner)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in SENTENCES
    return False
