"""Stages of crops, spans and roles are given in the words in which people speak of them."""

from __future__ import annotations

import click
import pytest

from edge.alerts.crops import CRITICAL
from edge.language import texts
from edge.language.words import CROPS, STAGES
from provisioning.commands.answers import WordChoice
from provisioning.commands.hub_people import ROLES
from provisioning.commands.show import WINDOWS
from provisioning.commands.stage import keys
from provisioning.demo.scenes import SCENE_NAMES, SCENES
from tests.kits.command import minshan


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stage_is_known_by_its_name(lang: str) -> None:
    """Each of each crop, in the language that is spoken, as well as by its key."""
    with texts.speaking(lang):
        for crop, stages in CRITICAL.items():
            for stage in stages:
                assert keys(texts.crop(crop), texts.stage(stage)) == (crop, stage)
                assert keys(crop, stage) == (crop, stage)


def test_english_is_understood_in_both_languages_however_it_is_written() -> None:
    """With capitals, with a blank for the dash."""
    with texts.speaking("zh"):
        assert keys("Apple", "Full bloom") == ("apple", "full-bloom")
        assert keys(CROPS["cherry"], STAGES["first-white"]) == ("cherry", "first-white")


def test_what_is_none_is_left_to_the_station() -> None:
    """Which names those that there are."""
    with texts.speaking("zh"):
        assert keys("苹", "盛花期") == ("苹", "盛花期")
        assert keys("苹果", "开花") == ("apple", "开花")


@pytest.mark.parametrize(
    ("names", "typed", "key"),
    [
        (WINDOWS, "昨夜", "last-night"),
        (WINDOWS, "Last night", "last-night"),
        (WINDOWS, "7天", "7d"),
        (WINDOWS, "24 小时", "24h"),
        (WINDOWS, "7D", "7d"),
        (ROLES, "果农", "grower"),
        (ROLES, "管理员", "admin"),
        (ROLES, "Technician", "technician"),
        (SCENE_NAMES, "霜冻", "frost"),
        (SCENE_NAMES, "Dark week", "dark-week"),
    ],
)
def test_one_of_a_few_is_taken_by_its_name(names: dict[str, str], typed: str, key: str) -> None:
    """In either language, whichever is spoken, beside the key itself."""
    for lang in ("zh", "en"):
        with texts.speaking(lang):
            assert WordChoice(names).convert(typed, None, None) == key


def test_another_word_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(click.BadParameter, match="last-night"):
        WordChoice(WINDOWS).convert("前夜", None, None)


def test_the_choices_are_told_as_they_are_written_and_with_their_names() -> None:
    """In help and in a refusal."""
    assert "[WGS-84|CGCS2000|GCJ-02]" in minshan("init", "--help").out
    said = minshan("hub", "user", "add", "a", "--role", "x", "--lang", "zh").err
    assert "“grower（果农）”、“technician（技术员）”" in said


def test_each_scene_of_a_demo_has_a_name_of_its_own() -> None:
    """And the demo takes it: what is refused is told with the names that there are."""
    assert list(SCENE_NAMES) == list(SCENES)
    assert "“frost（霜冻）”" in minshan("demo", "--scene", "雹", "--lang", "zh").err
