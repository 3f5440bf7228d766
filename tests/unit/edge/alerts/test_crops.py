"""The temperatures in the documents are those that the rules judge by, and every stage has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.alerts.crops import CRITICAL, most_tender
from edge.language.words import CROPS, STAGES

DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize("page", ["alerts.md", "alerts.zh-CN.md"])
def test_the_page_says_what_the_rules_judge_by(page: str) -> None:
    """Crop by crop the table of the page is the one in code."""
    text = (DOCS / page).read_text()
    for crop, stages in CRITICAL.items():
        row = re.search(rf"^\| {crop}[^|]*\| ([a-z].*) \|$", text, re.MULTILINE)
        assert row is not None, crop
        told = {name: float(limit) for name, limit in re.findall(r"([a-z-]+) (-[\d.]+)", row[1])}
        assert told == dict(stages)


def test_buds_bear_less_and_less() -> None:
    """From stage to stage a bud bears no more than before, and the stage that is assumed is the most tender one."""
    for crop, stages in CRITICAL.items():
        limits = list(stages.values())
        assert limits == sorted(limits), crop
        assert most_tender(crop)[1] == max(limits)


def test_every_crop_and_stage_has_words() -> None:
    """What a rule names is shown in words, never by its key."""
    assert set(CROPS) == set(CRITICAL)
    assert set(STAGES) == {stage for stages in CRITICAL.values() for stage in stages}
