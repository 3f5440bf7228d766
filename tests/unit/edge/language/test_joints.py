"""Between Latin letters or digits and Chinese characters stands a blank, whatever fills a sentence's gap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

import pytest

from drivers.reason import Reason, restored
from edge.language import texts
from edge.language.joints import Template
from edge.language.speech import catalogue, speaking
from edge.language.spoken import Lang, Spoken

JOINED = re.compile("[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9%][\u4e00-\u9fff]")


def chinese() -> Iterator[str]:
    """Yield every Chinese text of the catalogue that has a gap beside a Chinese character."""
    for text in vars(catalogue("zh"))["_catalog"].values():
        if re.search("}[\u4e00-\u9fff]|[\u4e00-\u9fff]{", text):
            yield text


def test_a_latin_name_is_parted_from_the_chinese_around_it() -> None:
    """The same sentence has no blank beside a Chinese name."""
    told = Template("{channels}缺测 {n} 分钟")
    assert told.format(channels="PM10", n=3) == "PM10 缺测 3 分钟"
    assert told.format(channels="气温", n=3) == "气温缺测 3 分钟"
    assert Template("警报器已由{by}消音").format_map({"by": "zhang"}) == "警报器已由 zhang 消音"
    assert Template("湿度{amount:.1f}%").format(amount=95.04) == "湿度 95.0%"
    assert Template("{0}年{{x}}").format(2026) == "2026 年{x}"


def test_every_sentence_parts_what_fills_it() -> None:
    """Sixty of them have such a gap."""
    for text in (found := list(chinese())):
        gaps = {name: "PM10" for _literal, name, _spec, _conversion in Formatter().parse(text) if name}
        try:
            told = Template(text).format(**gaps)
        except ValueError:  # a number's gap
            told = Template(text).format(**dict.fromkeys(gaps, 5.0))
        assert not JOINED.findall(told.replace(text, "")), (text, told)
    assert len(found) > 40


@pytest.mark.parametrize(("lang", "name"), [("zh", "气温（hedge）"), ("en", "Air temperature (hedge)")])
def test_a_messages_channel_has_the_marks_of_its_language(lang: Lang, name: str) -> None:
    """A Chinese message has full-width brackets around a sensor's name, as the screens have."""
    assert Spoken(lang).quantity("air_temperature.hedge") == name


def test_sentences_and_meanings_of_the_catalogue_are_such_templates() -> None:
    """However a text is looked up, what fills it is parted."""
    with speaking("zh"):
        counted = texts.ngettext("{n} minute without {channels}", "{n} minutes without {channels}", 3)
        assert counted.format(channels="PM10", n=3) == "PM10 缺测 3 分钟"
        silenced = Reason("horn_silenced", "the horn was silenced by {by}", by="zhang")
        assert texts.render(silenced) == "警报器已由 zhang 消音"
        assert texts._("Most often from {name}.").format(name="NE") == "多为 NE 风。"


def test_what_a_person_typed_is_not_changed() -> None:
    """A blank stands beside it, never within."""
    assert Template("{other}测得 3 mm").format(other="果园A站") == "果园A站测得 3 mm"


def test_an_english_sentence_that_a_record_brought_names_a_channel_in_words() -> None:
    """It was told whole, with the channel's name in the contract; a longer name that contains it stays."""
    lacks = Reason("advice_lacks", "{channel} is missing or in doubt", channel="rainfall_amount")
    inner = Reason("camera_failed", "it failed: {why}", why=lacks)
    with speaking("en"):
        assert texts.render(restored(lacks.builtins())) == "Rainfall is missing or in doubt" == texts.render(lacks)
        assert texts.render(restored(inner.builtins())) == "it failed: Rainfall is missing or in doubt"
