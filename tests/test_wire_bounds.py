"""What comes over the wire is bounded, whoever sends it: read from the types of its messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from msgspec import Struct, inspect

from edge.records import record, spans
from edge.wire import contract

ENDLESS = re.compile(r"[*+]|\{\d*,\}")  # a pattern with one of these lets a text be as long as it likes


def endless(kind: inspect.Type, where: str) -> Iterator[str]:
    """Yield each place without bounds in a field's type. What is `Any`, and a table's keys, end with their message."""
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        low, high = (kind.ge, kind.gt), (kind.le, kind.lt)
        if low == (None, None) or high == (None, None):
            yield f"{where}: a number without a lower and an upper bound"
    elif isinstance(kind, inspect.StrType):
        pattern = re.sub(r"\[[^]]*\]", "", kind.pattern or "*")
        if kind.max_length is None and ENDLESS.search(pattern):
            yield f"{where}: a text without a greatest length"
    elif getattr(kind, "max_length", 0) is None:
        yield f"{where}: {type(kind).__name__} without a greatest length"
    inner = [
        *getattr(kind, "types", ()),
        *getattr(kind, "item_types", ()),
        getattr(kind, "item_type", None),
        getattr(kind, "value_type", None),
    ]
    for part in filter(None, inner):
        yield from endless(part, where)


@pytest.mark.parametrize("module", [contract, record, spans], ids=lambda module: str(module.__name__))
def test_what_comes_over_the_wire_is_bounded(module: ModuleType) -> None:
    """No number, text, list or table in a message is without bounds: what a stranger sends has an end."""
    structs = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Struct)]
    shapes = [shape for shape in inspect.multi_type_info(structs) if isinstance(shape, inspect.StructType)]
    found = [
        place
        for shape in shapes
        for field in shape.fields
        for place in endless(field.type, f"{shape.cls.__name__}.{field.name}")
    ]
    assert shapes
    assert not found, "; ".join(found)
