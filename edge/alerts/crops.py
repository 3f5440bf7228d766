"""The temperature at which the buds of a crop are damaged, for each growth stage.

Temperature of the bud at which 10 % die within 30 minutes, degC. Apple and sweet cherry: Washington State University,
bulletins EB0913 and EB1128; plum: the picture table of Michigan State University, for *Prunus domestica*. Loquat:
temperatures at which flowers and young fruit were damaged in Lishui, Zhejiang, 1953-2013. None was derived in Maoxian:
each record of an alert contains the limit by which it was judged.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.reason import Reason

CRITICAL: Mapping[str, Mapping[str, float]] = {
    "apple": {
        "silver-tip": -9.4,
        "green-tip": -7.8,
        "half-inch-green": -5.0,
        "tight-cluster": -2.8,
        "first-pink": -2.2,
        "full-pink": -2.2,
        "first-bloom": -2.2,
        "full-bloom": -2.2,
        "post-bloom": -2.2,
    },
    "cherry": {
        "swollen-bud": -8.3,
        "side-green": -5.6,
        "green-tip": -3.9,
        "tight-cluster": -3.3,
        "open-cluster": -2.8,
        "first-white": -2.8,
        "first-bloom": -2.2,
        "full-bloom": -2.2,
        "post-bloom": -2.2,
    },
    "plum": {
        "first-swelling": -10.0,
        "side-white": -8.3,
        "tip-green": -6.7,
        "tight-cluster": -4.4,
        "first-white": -3.3,
        "first-bloom": -2.8,
        "full-bloom": -2.2,
        "post-bloom": -2.2,
    },
    "loquat": {"flower": -5.0, "young-fruit": -3.0},
}
"""Crop -> stage, in the order of the year -> degC."""


def most_tender(crop: str) -> tuple[str, float]:
    """Return the first of a crop's most sensitive stages and its limit; assumed if nobody has set the stage."""
    stages = CRITICAL[crop]
    stage = max(stages, key=lambda name: stages[name])
    return stage, stages[stage]


def no_rule(crop: str) -> Reason:
    """Return that no rule of a station's file is about the frost of that crop."""
    return Reason(
        "crop_unwatched",
        'no rule of this station tells of frost on {crop}: add [[alert]] with name = "frost" and crop = "{key}"',
        crop=crop,
        key=crop,
    )
