"""Errors that pydantic finds in a configuration file, as reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from drivers.errors import SettingError
from drivers.reason import Reason

# Pydantic's errors, by its own codes.
REFUSALS = {
    reason.code: reason
    for reason in (
        Reason("missing", "is required, but missing"),
        Reason("int_type", "must be a whole number without quotes, such as 5 (an address: 0x76)"),
        Reason("int_from_float", "must be a whole number"),
        Reason("float_type", "must be a number without quotes, as 3.5"),
        Reason("finite_number", "must be a finite number"),
        Reason("string_type", 'must be text in quotes, as "text"'),
        Reason("bool_type", "must be true or false, without quotes"),
        Reason("literal_error", "must be one of {expected}", expected=""),
        Reason("enum", "must be one of {expected}", expected=""),
        Reason("greater_than_equal", "must be at least {ge}", ge=""),
        Reason("less_than_equal", "must be at most {le}", le=""),
        Reason("greater_than", "must be more than {gt}", gt=""),
        Reason("less_than", "must be less than {lt}", lt=""),
        Reason("string_too_short", "must not be empty"),
        Reason("string_too_long", "must have at most {max_length} characters", max_length=""),
        Reason("too_short", "must not be empty"),
        Reason("too_long", "must have at most {max_length} entries", max_length=""),
        Reason("string_pattern_mismatch", "does not have the form {pattern}", pattern=""),
        Reason("dict_type", "must be a table: [{key}], with its keys on the lines below", key=""),
        Reason("list_type", "must be a list, such as [1, 2]"),
        Reason("tuple_type", "must be a list, such as [1, 2]"),
        Reason("date_type", "must be an existing date, such as 2026-04-15"),
    )
}
LIST_OF_TABLES = Reason("list_of_tables", "write [[{key}]] with double brackets: there may be several", key="")
BOUNDS = ("greater_than_equal", "less_than_equal", "greater_than", "less_than")
NO_TABLE = ("model_type", "model_attributes_type", "dataclass_type")


def refusal(error: Mapping[str, Any], key: str) -> Reason:
    """Return the reason for one of pydantic's errors about the key of that name."""
    context: dict[str, Any] = dict(error.get("ctx") or {})
    raised = context.get("error")
    if isinstance(raised, SettingError):
        return raised.reason
    code = "dict_type" if error["type"] in NO_TABLE else str(error["type"])
    if code in BOUNDS and isinstance(error.get("input"), float) and not math.isfinite(error["input"]):
        code = "finite_number"
    code = "date_type" if code.startswith("date_") else code
    if "expected" in context:
        context["expected"] = str(context["expected"]).replace(" or ", ", ").replace("'", "")
    if code in REFUSALS:
        return REFUSALS[code].having(**{"key": key, **{name: _plain(value) for name, value in context.items()}})
    return Reason("said", "{text}", text=str(raised or error["msg"]))


def _plain(value: Any) -> str | int:
    """Return a bound as a person writes it: 5500, not 5500.0."""
    if isinstance(value, float):
        return f"{value:.12g}"
    return value if isinstance(value, int) else str(value)
