"""The journal's lines in the station's language: the template of each is translated, and so are its parameters.

A template stands in the source as `log.warning("...")`; the catalogue's tool collects it from there.
"""

from __future__ import annotations

import logging
import sys
from copy import copy

from drivers.reason import Reason, system_reason
from edge.language import texts
from edge.language.remedies import remedy
from edge.language.texts import _
from edge.language.words import LEVELS


class LogFormatter(logging.Formatter):
    """A formatter whose lines are in the language that is spoken now."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. The record stays as it is: other handlers may have it too."""
        line = copy(record)
        line.levelname = _(LEVELS.get(record.levelname, record.levelname))
        line.msg = _(record.msg) if isinstance(record.msg, str) and record.msg else record.msg
        if isinstance(record.args, tuple):
            line.args = tuple(put_in(value) for value in record.args)
        silent: tuple[str, Reason] | None = getattr(record, "silent", None)  # the kind of its bus, and its error
        what = "" if silent is None else remedy(*silent)
        return f"{super().format(line)} → {what}" if what else super().format(line)


def put_in(value: object) -> object:
    """Return what stands in a line for a value: a reason, or an error that has one, in words; others as they are."""
    if isinstance(value, OSError):
        return texts.render(system_reason(value))
    reason = value if isinstance(value, Reason) else getattr(value, "reason", None)
    return texts.render(reason) if isinstance(reason, Reason) else value


class StderrHandler(logging.Handler):
    """Writes to what is the standard error now: while a table is drawn, that puts lines above the table."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line. As in the library's own handlers, no failure reaches who logs."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 # whatever a line or an output may raise: nobody's work ends over a log line
            self.handleError(record)


def to_stderr(level: int, form: str) -> None:
    """Write the journal to the standard error, in lines of that form."""
    handler = StderrHandler()
    handler.setFormatter(LogFormatter(form))
    logging.basicConfig(level=level, handlers=[handler])
