"""What a station answers to a command, as a person reads it who asked from afar."""

from __future__ import annotations

import pytest

from drivers.reason import restored
from edge.alerts.crops import CRITICAL, no_rule
from edge.language import texts


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("crop", CRITICAL)
def test_what_is_to_be_typed_is_not_translated(lang: str, crop: str) -> None:
    """A file knows cherry alone, also where the sentence about it calls that sweet cherry."""
    with texts.speaking(lang):
        assert f'crop = "{crop}"' in texts.render(restored(no_rule(crop).builtins()))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("stage", "full-bloom", "物候期 盛花期"),
        ("why", no_rule("cherry").builtins(), "提示 本站没有“甜樱桃”的霜冻规则"),
        ("reason", no_rule("plum").builtins(), "原因 本站没有“李”的霜冻规则"),
        ("rules", ["frost", "gale", "my-own"], "规则 霜冻、大风、my-own"),
        ("maintenance_s", 1200, "维护时长（秒） 1200"),
    ],
)
def test_each_fact_is_named_in_chinese(key: str, value: object, told: str) -> None:
    """No name of the wire's stands on a hub's page."""
    with texts.speaking("zh"):
        assert f"{texts.fact(key)} {texts.fact_value(value, key)}".startswith(told)
