"""Help and usage errors of click, with the punctuation of the person's language, and with suggestions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

import click

from edge.language import texts
from provisioning.folding import columns_of, fold, window_size

LEAST_WIDTH, MOST_WIDTH = 20, 80  # columns
NARROW = 58  # columns below which meanings are written below their terms
BELOW = 4  # columns by which they are indented then
NEAR = 0.8  # difflib's ratio: `doktor` is near `doctor`, and `restore`, as `hub restore` is called, not near `remote`
HELP = ("help", "帮助")  # accepted for --help, as a command
MARKS = ("-help", "--帮助", "-?", "/?", "/h", "/help", "?", "？")  # and behind a command, as on other systems
MOST_NAMED = 10  # commands listed in an error; more are left to `--help`


class HelpFormatter(click.HelpFormatter):
    """Help as click writes it, but with Chinese punctuation, and wrapped by columns.

    Click counts characters, although a Chinese one takes two columns, breaks words, and assumes at least 50 columns.
    """

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        super().__init__(indent_increment, width, max_width)
        if width is None:
            self.width = max(LEAST_WIDTH, min(window_size().columns, max_width or MOST_WIDTH) - 2)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the first line."""
        head = texts.sentences(prefix or texts._("Usage:"), f"{prog} {args}")
        self.write(fold(head, self.width) + "\n")

    def write_heading(self, heading: str) -> None:
        """Write the line over a section."""
        line = texts._("{heading}:").format(heading=heading)
        self.write(f"{'':>{self.current_indent}}{line}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        paragraphs = ("\n".join(self._folded(one, 0)) for one in text.split("\n\n"))
        self.write("\n\n".join(paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms with their meanings beside them, or below them in a narrow window."""
        terms = list(rows)
        widest = max((columns_of(term) for term, _meaning in terms), default=0)
        column = min(widest, col_max) + col_spacing if self.width >= NARROW else BELOW
        for term, meaning in terms:
            first, lines = " " * self.current_indent + term, self._folded(meaning, column)
            if columns_of(term) + col_spacing <= column:
                first += " " * (column - columns_of(term)) + lines.pop(0).strip()
            self.write("\n".join([first.rstrip(), *filter(str.strip, lines)]) + "\n")

    def _folded(self, text: str, behind: int) -> list[str]:
        """Return the lines of a text, indented by so many columns more than the present indent."""
        margin = " " * (self.current_indent + behind)
        text = " ".join(text.split()).replace("。 ", "。").replace("; ", texts._("; "))  # click writes these marks
        lines = fold(text, max(LEAST_WIDTH // 2, self.width - len(margin)))
        return [margin + line.strip() for line in lines.split("\n")]


class CommandContext(click.Context):
    """A command's context with our help formatter."""

    formatter_class = HelpFormatter


def see_dashes(words: Sequence[str]) -> None:
    """Raise UsageError where an option begins with a long dash, into which phones and editors turn --."""
    from drivers.wide_signs import wide_dash

    for word in itertools.takewhile(lambda word: word != "--", words):
        if wide := wide_dash(word):
            told = texts._("{place}: {sentence}").format(place=word, sentence=texts.render(wide))
            raise click.UsageError(told)


def help_asked(error: click.UsageError, words: Sequence[str]) -> list[str] | None:
    """Return the command line with --help for `help sensors`, `sensors -help` or `status help`.

    None if a wrong command line asks for no help: the value of an option may be any word.
    """
    place = len(words) - 1
    if isinstance(error, click.exceptions.NoSuchCommand) and error.command_name in HELP:
        place = words.index(error.command_name)
    elif not {*HELP, *MARKS}.intersection(words[-1:]) or "".join(words[-2:-1]).startswith("-"):
        return None
    return [*words[:place], *words[place + 1 :], "--help"]


def usage_sentence(error: click.UsageError, words: Sequence[str]) -> str:
    """Return click's message about a wrong command line, with the punctuation of the person's language.

    For an unknown command it suggests a similar one, a subcommand of that name, one that begins so, or all of a few;
    for a missing option it adds the option's help; for an unknown option or a surplus word the existing options; for a
    negative number, which click takes for an option, why no argument accepts it. `words`: the command line.
    """
    message = error.format_message()
    if isinstance(error, click.exceptions.NoSuchOption):
        message = negative(error, words) or texts.sentences(message, options_known(error, words))
    if error.ctx is not None and message.startswith(surplus().partition("{args}")[0]):
        message = texts._("; ").join(filter(None, (message, options_of(error.ctx.command))))
    if isinstance(error, click.exceptions.NoSuchCommand) and not error.possibilities:
        message = texts.sentences(message, meant_by(error))
    if isinstance(error, click.exceptions.MissingParameter) and (what := getattr(error.param, "help", None)):
        head, *choices = message.split("\n\t")  # which click lists on lines of their own
        head = head.rpartition(". ")[0] if choices else head.rstrip("。.")
        message = texts._("{place}: {sentence}").format(place=head, sentence=what)
        if choices:
            message = texts.sentences(message, listed(choice.strip(",") for choice in choices))
    return texts.with_own_marks(message)


def surplus() -> str:
    """Return click's message about a surplus word."""
    return texts.ngettext("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})", 1)


def options_known(error: click.exceptions.NoSuchOption, words: Sequence[str]) -> str:
    """Return where an option before its command belongs, or the existing options; "" where click suggests one."""
    if error.ctx is None or error.possibilities:
        return ""
    command = error.ctx.command
    if isinstance(command, click.Group):
        named = next((word for word in words if word in command.list_commands(error.ctx)), "")
        one = command.get_command(error.ctx, named) if named else None
        if one is not None and any(error.option_name in option.opts for option in one.params):
            whole = f"{error.ctx.command_path} {named} {error.option_name}"
            return texts._("It belongs behind the command: {command}").format(command=f"`{whole} …`")
    return options_of(command)


def options_of(command: click.Command) -> str:
    """Return the options of a command; "" where there are many, or the command takes arguments."""
    names = [max(param.opts, key=len) for param in command.params if isinstance(param, click.Option)]
    arguments = any(isinstance(param, click.Argument) for param in command.params)
    return "" if arguments or isinstance(command, click.Group) or len(names) > MOST_NAMED else listed(names)


def negative(error: click.exceptions.NoSuchOption, words: Sequence[str]) -> str:
    """Return why a negative number is not valid for any argument; "" where the word is none, or may be valid."""
    word = next((word for word in words if re.match(r"-[\d.]", word) and word.startswith(error.option_name)), "")
    if word and error.ctx is not None:
        for param in error.ctx.command.params:
            try:
                if isinstance(param, click.Argument):
                    param.type.convert(word, param, error.ctx)
            except click.BadParameter as wrong:
                return wrong.format_message()
    return ""


def meant_by(error: click.exceptions.NoSuchCommand) -> str:
    """Return suggestions for an unknown command: subcommands, prefixes, options, or all of a few; "" for none."""
    if error.ctx is None or not isinstance(error.ctx.command, click.Group):
        return ""
    known = error.ctx.command.list_commands(error.ctx)
    names = list(below(error.ctx.command, error.ctx, error.command_name))
    names = names or [name for name in known if name.startswith(error.command_name)]
    options = (option for param in error.ctx.command.get_params(error.ctx) for option in param.opts)
    names = names or [option for option in options if option == f"--{error.command_name}"]
    if names:
        told = texts.ngettext("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", len(names))
    else:
        return listed(known) if len(known) <= MOST_NAMED else ""
    shown = texts._(", ").join(map(repr, names))
    return told.format(possibility=shown, possibilities=shown)


class LazyGroup(click.Group):
    """Commands that are loaded on demand."""

    def group_names(self) -> list[str]:
        """Return the names of the groups."""
        raise NotImplementedError


def near(group: click.Group, ctx: click.Context, word: str, known: Sequence[str]) -> Sequence[str]:
    """Return the candidates for an unknown command: the known ones, or none where a subcommand is meant.

    Subcommands are searched, and so loaded, only where the word is not very similar to a known command.
    """
    from difflib import get_close_matches

    return known if get_close_matches(word, known, cutoff=NEAR) or not any(below(group, ctx, word)) else ()


def below(group: click.Group, ctx: click.Context, word: str) -> Iterator[str]:
    """Yield the subcommands of that name below a group: `sensors decode` for `decode`."""
    for name in group.group_names() if isinstance(group, LazyGroup) else group.commands:
        one = group.get_command(ctx, name)
        if isinstance(one, click.Group):
            found = [word] if word in one.commands else below(one, ctx, word)
            yield from (f"{name} {command}" for command in found)


def listed(words: Iterable[str]) -> str:
    """Return a sentence that lists the words."""
    return texts._("There are: {possibilities}.").format(possibilities=texts._(", ").join(map(repr, words)))
