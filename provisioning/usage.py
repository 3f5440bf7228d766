"""What click says of a command line, in the marks of the person's language, and with what may have been meant."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import click

from edge.language import texts

MOST_NAMED = 10  # commands that are named where none is near: more are for `--help`


class HelpFormatter(click.HelpFormatter):
    """Help as click writes it, but for the colons of Chinese."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the first line."""
        head = texts._("Usage:")
        super().write_usage(prog, args, head if head.endswith("：") else prefix)

    def write_heading(self, heading: str) -> None:
        """Write the line over a section."""
        line = texts._("{heading}:").format(heading=heading)
        self.write(f"{'':>{self.current_indent}}{line}\n")


class CommandContext(click.Context):
    """A command at work; see above."""

    formatter_class = HelpFormatter


def see_dashes(words: Sequence[str]) -> None:
    """Raise UsageError where an option begins with a long dash, as phones and editors make it of --."""
    from drivers.wide_signs import wide_dash

    for word in itertools.takewhile(lambda word: word != "--", words):
        if wide := wide_dash(word):
            told = texts._("{place}: {sentence}").format(place=word, sentence=texts.render(wide))
            raise click.UsageError(told)


def usage_sentence(error: click.UsageError) -> str:
    """Return what click says of a wrong command line, in the marks of the person's language.

    Of a word that is no command, with what it may have been meant for: a near one, what it begins, or all of a few.
    """
    message = error.format_message()
    if isinstance(error, click.exceptions.NoSuchCommand) and not error.possibilities:
        message = texts.sentences(message, meant_by(error))
    return texts.with_own_marks(message)


def meant_by(error: click.exceptions.NoSuchCommand) -> str:
    """Return which commands begin with a word that is none, or which there are; "" where those are many."""
    if error.ctx is None or not isinstance(error.ctx.command, click.Group):
        return ""
    known = error.ctx.command.list_commands(error.ctx)
    names = [name for name in known if name.startswith(error.command_name)]
    if names:
        told = texts.ngettext("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", len(names))
    elif len(known) <= MOST_NAMED:
        names, told = known, texts._("There are: {possibilities}.")
    else:
        return ""
    shown = texts._(", ").join(map(repr, names))
    return told.format(possibility=shown, possibilities=shown)
