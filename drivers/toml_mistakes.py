"""Explain what is wrong with a text that tomllib refuses: it has no error codes, so the line is examined here.

People write what other formats accept: `yes`, `True`, `key: value`, `; comment`, a Windows path, two keys on a line.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Sequence
from datetime import date

from drivers.reason import Reason
from drivers.refusals import LIST_OF_TABLES, REFUSALS
from drivers.toml_lines import TomlLines, is_whole_text, value_on
from drivers.wide_signs import first_wide, outside_texts

NO_KEY = Reason("toml_key", "this line is neither `key = value` nor a [table]")
NO_VALUE = Reason(
    "toml_value",
    'this is not a TOML value; text must be in quotes, such as "text", and numbers have no unit, such as 31.68',
)
JSON = Reason(
    "toml_json",
    "this is JSON, but TOML is expected: each table starts with a line [name], followed by lines "
    'such as key = 31.68 or key = "text"',
)
KEY_LETTERS = Reason(
    "toml_key_letters", "keys and tables are English words in ASCII letters, such as latitude and [site]"
)
COMMENT = Reason("toml_comment", "a comment begins with #")
INSIDE = Reason(
    "toml_inside",
    "these brackets hold something that is not TOML: commas belong between entries, texts and days in quotes, "
    "and = behind a key",
)
VALUE = r"""^("[^"]*"|'[^']*'|[-+]?(0x[0-9a-fA-F]+|[0-9_]+(\.[0-9_]+)?))"""
HEADER = re.compile(r"\s*\[+\s*([^\]]*?)\s*\]")
DAY = re.compile(r"=\s*([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})\b")
# Patterns of invalid lines; the first match counts.
SLIPS = (
    (r"\s*(;|//|--|/\*|')", COMMENT),
    (r"\s*[\w.-]+\s*:", Reason("toml_colon", "write = between key and value, not :")),
    (r"\s*[^\x00-\x7f\s][^=]*=|\s*\[+\s*[^\x00-\x7f\s]", KEY_LETTERS),
    (r"[^=]*=\s*$", Reason("toml_no_value", "the value is missing after the =")),
    (
        r"(?i)[^=]*=\s*(yes|no|on|off|true|false)\s*(#.*)?$",
        Reason("toml_truth", "write true or false, in lower case without quotes"),
    ),
    (
        r"[^=]*=\s*[0-9]{1,2}:[0-9]{2}\s*(#.*)?$",
        Reason("toml_time", 'a time of day must be in quotes, such as "06:30"'),
    ),
    (r"[^=]*=\s*[-+]?[0-9_]{4300,}", Reason("toml_digits", "the number has too many digits")),
    (r"[^=]*=\s*(\[\s*){100,}|[^=]*=\s*(\{[^{}]*=\s*){100,}", Reason("toml_deep", "brackets are nested too deeply")),
    (r"[^=]*=\s*[-+]?0[0-9]+(\.[0-9]+)?\s*(#.*)?$", Reason("toml_zero", "a number must not begin with 0")),
    (
        r"[^=]*=\s*[-+]?(\.[0-9]+|[0-9]+\.)\s*(#.*)?$",
        Reason("toml_point", "a decimal point has digits on both sides, such as 0.5 or 31.0"),
    ),
    (
        r'[^=]*=\s*"[^"]*\\[^"]*"\s*(#.*)?$',
        Reason("toml_backslash", "write / instead of \\ (or put the text in single quotes: 'C:\\data')"),
    ),
    (r"[^=]*=\s*[^\"'\[{#]+,[^=]+=", Reason("toml_two", "write one key per line, without a comma after the value")),
)


def mistake_in(text: str) -> tuple[int, Reason]:
    """Return the line (from 1) on which the part that tomllib refuses begins, and what is wrong with it."""
    if bare := re.search(r"\r(?!\n)", text):
        line = text.count("\n", 0, bare.start()) + 1
        return line, Reason("toml_line_ends", "lines end with a bare CR: save the file with LF or CR LF line endings")
    if json := re.match(r"\s*(\{|\[\s*\{)", text):
        return text.count("\n", 0, json.start(1)) + 1, JSON
    number, lines = bad_line(text), text.splitlines() or [""]
    return once_in_brackets(lines[:number]) or (
        number,
        defined_on(lines[:number]) or what_is_wrong(lines[number - 1 :]),
    )


def once_in_brackets(lines: Sequence[str]) -> tuple[int, Reason] | None:
    """Return the line of a [table] that also exists as [[table]], if the last of these lines is either; else None."""
    tables = [re.match(r"\s*\[(\[?)\s*([\w-]+)\s*\]", line) for line in lines]
    if not (last := tables[-1]):
        return None
    same = {table[1]: number for number, table in enumerate(tables, 1) if table and table[2] == last[2]}
    return (same[""], LIST_OF_TABLES.having(key=last[2])) if {"", "["} <= same.keys() else None


def defined_on(lines: Sequence[str]) -> Reason | None:
    """Return the reason that the last of these lines repeats an earlier one, with its number; None if it does not."""
    if not is_toml(lines[-1]):
        return None
    headers = [HEADER.match(line) for line in lines]
    begin = 0 if headers[-1] else max((n for n, header in enumerate(headers) if header), default=-1) + 1
    names = [header[1] if header else "" for header in headers] if headers[-1] else list(map(key_on, lines))
    for number, name in enumerate(names[:-1], 1):
        if number > begin and name and name == names[-1]:
            shown = f"[{name}]" if headers[-1] else name
            return Reason("toml_twice_on", "{name} is defined already, on line {line}", name=shown, line=number)
    return None


def key_on(line: str) -> str:
    """Return the key of a line; "" if it has none."""
    key, equals, _value = line.partition("=")
    return key.strip() if equals and not key.lstrip().startswith(("#", "[")) else ""


def bad_line(text: str) -> int:
    """Return the line (from 1) on which the part that tomllib refuses begins: the text before it is valid."""
    lines, starts = text.splitlines(), TomlLines(text).starts
    refused = bisect.bisect_left(starts, True, key=lambda start: not is_toml("\n".join(lines[: start - 1])))
    return starts[max(0, refused - 1)] if starts else 1


def what_is_wrong(lines: Sequence[str]) -> Reason:
    """Return what is wrong with the first of these lines; the file before it is valid."""
    line = lines[0]
    value = value_on(line)
    if is_toml(line):
        return Reason("toml_twice", "this key or table is defined twice")
    if wide := first_wide(outside_texts(line)):
        return wide
    if not all(map(is_day, DAY.findall(outside_texts(line)))):
        return REFUSALS["date_type"]
    for pattern, reason in SLIPS:
        if re.match(pattern, line):
            return reason
    if line.strip().startswith("[") or (value or "").startswith(("[", "{")):
        return in_brackets(lines)
    return NO_KEY if value is None else wrong_value(value)


def in_brackets(lines: Sequence[str]) -> Reason:
    """Return what is wrong with the brackets that open on the first of these lines, or with what they hold."""
    depth, inside = 0, ""
    for line in map(outside_texts, lines):
        inside += line
        depth += sum(map(line.count, "[{")) - sum(map(line.count, "]}"))
        if depth <= 0:
            return KEY_LETTERS if re.search(r"[^\x00-\x7f][^=,]*=", inside) else INSIDE
    return Reason("toml_bracket", "a bracket is not closed")


def wrong_value(value: str) -> Reason:
    """Return what is wrong with the text after the `=`."""
    opened = value[:1]
    open_yet = value.count(opened) < 2 or value.startswith(("'''", '"""'))
    if opened in ("'", '"') and (open_yet or is_whole_text(value)):
        return Reason("toml_quote", "a text has no closing quote, or contains a character that is not allowed there")
    if opened in ("'", '"', "+", "-", ".") or opened.isdigit():
        rest = re.sub(VALUE, "", value).strip()
        if rest.startswith("//"):
            return COMMENT
        return Reason(
            "toml_rest",
            'unexpected "{rest}" after the value: numbers have a decimal point and no unit (31.68), text is in quotes',
            rest=rest or value,
        )
    return NO_VALUE


def is_day(text: str) -> bool:
    """Return whether this is an existing date in TOML's format."""
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_toml(text: str) -> bool:
    """Return whether tomllib accepts the text."""
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
