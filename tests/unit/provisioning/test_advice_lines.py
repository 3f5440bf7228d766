"""What `minshan status` says of the growers' rules."""

from __future__ import annotations

import msgspec

from edge.language import texts
from edge.measure.derived.scab import scab
from edge.measure.derived.spray import SprayInputs, spray
from edge.records.bodies import plain
from provisioning.commands.advice_lines import brief

WINDY = SprayInputs(18.0, 60.0, 5.0, 6.0, 0.0)


def test_each_rule_is_one_line_with_what_closes_it() -> None:
    """A grower reads whether to spray and why not, and of scab, in both languages; without inputs nothing is said."""
    verdicts = [plain(spray(WINDY)), plain(scab([]))]
    texts.speak("en")
    head, spraying, *_, more = brief(verdicts)
    assert (head, more) == ("", "More, with inputs and sources: minshan advice")
    assert spraying.startswith("Spraying now: no (") and "wind" in spraying
    texts.speak("zh")
    assert brief(verdicts)[1].startswith("现在打药：")
    texts.speak("en")
    nothing = msgspec.structs.replace(WINDY, air_temperature=None, delta_t=None, wind_speed=None, rainfall_amount=None)
    assert brief([plain(spray(nothing))]) == []
