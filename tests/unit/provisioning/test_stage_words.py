"""The stage of a crop is set in the words in which people speak of it."""

from __future__ import annotations

import pytest

from edge.alerts.crops import CRITICAL
from edge.language import texts
from edge.language.words import CROPS, STAGES
from provisioning.commands.stage import keys


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
