"""A number that can't be phoned is refused where it is written down: a digit too few would wake nobody."""

from __future__ import annotations

import re

import pytest

from edge.config.base import PHONE


@pytest.mark.parametrize(
    "number",
    [
        *("13800000000", "+8613800000000", "8613800000000", "19912345678", "08377422222", "+8683774222220"),
        *("4001234567", "10086", "12345", "+861012345678", "+4915112345678", "+14155551234", "+85291234567"),
    ],
)
def test_a_number_of_any_network_is_taken(number: str) -> None:
    """Mobile and fixed, short, of a service, of another country."""
    assert re.search(PHONE, number)


@pytest.mark.parametrize(
    "number", ["1380000000", "138000000000", "+861380000000", "+86138000000000", "1380000", "+", "1234", "138 0000"]
)
def test_a_number_with_a_digit_too_few_or_too_many_is_not(number: str) -> None:
    """As it is read down a telephone, or copied in a hurry."""
    assert not re.search(PHONE, number)
