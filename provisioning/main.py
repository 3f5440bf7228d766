"""The `minshan` command: its language first, then the requested command, then one message and an exit code.

Each command is a module of its own that is loaded on demand, so that the daemon does not load the technician's side,
and after the language is known: click's help texts are translated when they are declared.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import re
import signal
import sys
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from edge.language import speech, texts
from edge.language.words import METAVARS, N_, TYPES
from edge.loading import unswept
from provisioning import terminal
from provisioning.commands.exits import CommandError, Exit
from provisioning.folding import say
from provisioning.usage import HELP, CommandContext, LazyGroup, help_asked, near, see_dashes, usage_sentence

if TYPE_CHECKING:
    from types import ModuleType


class Entry(NamedTuple):
    """A command's module (it has the command's name, with `_` for `-`), help line, and whether it is a group."""

    module: str
    what: str
    has_others: bool = False


# In the order of a station's life.
COMMANDS = {
    "demo": Entry("provisioning.demo.demo", N_("Run a whole station on simulated devices, with a live table.")),
    "init": Entry("provisioning.commands.init", N_("Write a station's file.")),
    "sensors": Entry("provisioning.commands.sensors", N_("List the drivers; read, decode or test one."), True),
    "doctor": Entry(
        "provisioning.doctor.doctor",
        N_("Check the file, sensors, cameras, clock, disk and broker; say what to do about each."),
    ),
    "run": Entry(
        "provisioning.commands.run",
        N_("Run the station: measure, keep and send until it is told to stop (Ctrl-C)."),
    ),
    "status": Entry("provisioning.commands.status", N_("Ask the running station what it measures, keeps and sends.")),
    "show": Entry(
        "provisioning.commands.show",
        N_("Show a curve of the last 24 hours, the last night, 7 days or the season, and its extremes."),
    ),
    "advice": Entry(
        "provisioning.commands.advice",
        N_("Say whether spraying is advisable now, whether scab may infect, and what the season adds up to."),
    ),
    "page": Entry("provisioning.commands.page", N_("Serve the station's page, for the browser of a phone."), True),
    "maintenance": Entry("provisioning.commands.maintenance", N_("Mark what is measured for a while as maintenance.")),
    "stage": Entry(
        "provisioning.commands.stage",
        N_("Set the STAGE of a CROP (apple full-bloom): the frost rules follow it."),
    ),
    "horn": Entry("provisioning.commands.horn", N_("Silence the station's horn, or test it."), True),
    "notify": Entry(
        "provisioning.commands.notify", N_("Test the channels through which the station itself notifies people."), True
    ),
    "try-logins": Entry("provisioning.commands.try_logins", N_("Retry refused camera logins at once.")),
    "budget": Entry("provisioning.commands.budget", N_("What the mobile data of a station costs."), True),
    "accept-ledger": Entry("provisioning.commands.accept_ledger", N_("Accept the receipts of another receiver.")),
    "remote": Entry(
        "provisioning.commands.remote", N_("Send a command to the station STATION, over the broker."), True
    ),
    "watch": Entry(
        "provisioning.commands.watch", N_("Receive what stations send: show it, and keep each record once.")
    ),
    "hub": Entry(
        "provisioning.commands.hub",
        N_("The office's side: keep what all stations send in a database, and prove that it is complete."),
        True,
    ),
}
# Other names of languages that are accepted.
LANGUAGES = {"zh": "zh", "cn": "zh", "chinese": "zh", "中文": "zh", "en": "en", "english": "en"}


class CommandGroup(LazyGroup):
    """The commands, each loaded on demand."""

    context_class = CommandContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the installed commands."""
        return [name for name, entry in COMMANDS.items() if importlib.util.find_spec(entry.module)]

    def group_names(self) -> list[str]:
        """Return the names of the groups."""
        return [name for name, entry in COMMANDS.items() if entry.has_others and importlib.util.find_spec(entry.module)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command from the registry: loading them all would take ten times as long."""
        with formatter.section(texts._("Commands")):
            formatter.write_dl([(name, texts._(COMMANDS[name].what)) for name in self.list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name. Raise NoSuchCommand with similar names where there is none."""
        known = self.list_commands(ctx)
        if cmd_name not in known:
            from drivers.wide_signs import first_wide

            if not ctx.resilient_parsing and (wide := first_wide(cmd_name)):
                told = texts._("{place}: {sentence}").format(place=cmd_name, sentence=texts.render(wide))
                raise click.UsageError(told, ctx)
            if cmd_name.startswith("-") or ctx.resilient_parsing:
                return None
            meant = near(self, ctx, cmd_name, [*known, *HELP])
            raise click.exceptions.NoSuchCommand(cmd_name, possibilities=meant, ctx=ctx)
        with unswept():
            module: ModuleType = importlib.import_module(COMMANDS[cmd_name].module)
        return translated(getattr(module, cmd_name.replace("-", "_")))


def translated(command: click.Command) -> click.Command:
    """Translate the parts of a command's usage that click does not, also those of its subcommands."""
    command.context_class = CommandContext
    command.options_metavar = texts._("[OPTIONS]")
    for option in command.params:
        if option.type.name in TYPES:
            option.type = copy(option.type)  # click's own are shared by all
            option.type.name = texts._(TYPES[option.type.name])
        if option.metavar in METAVARS:
            option.metavar = texts._(METAVARS[option.metavar])
    if isinstance(command, click.Group):
        command.subcommand_metavar = texts._("COMMAND [ARGS]...")
        for below in command.commands.values():
            below.short_help = below.short_help or first_sentence(below.help or "")  # click would truncate it
            translated(below)
    return command


def first_sentence(text: str) -> str:
    """Return a help text's first sentence."""
    return re.split(r"(?<=[。.]) |(?<=。)", text, maxsplit=1)[0]


def group() -> click.Group:
    """Return the command line, declared in the current language."""
    commands = CommandGroup(
        "minshan",
        help=texts._("Minshan: the software of a small weather station in a mountain orchard."),
        params=[
            click.Option(
                ["--lang"],
                type=click.Choice(sorted(speech.LANGUAGES)),
                expose_value=False,
                help=texts._("The language to speak: zh or en (otherwise the system's)."),
            )
        ],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        no_args_is_help=True,
        subcommand_metavar=texts._("COMMAND [ARGS]..."),
        options_metavar=texts._("[OPTIONS]"),
    )
    return click.version_option(package_name="minshan", prog_name="minshan")(commands)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit with one of `Exit`'s codes."""
    # Blinka would ask on a terminal whether to install packages.
    os.environ.setdefault("BLINKA_SKIP_DEPENDENCY_CHECK", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would search all packages for plugins
    terminal.make_legible()
    terminal.heed_interrupts()
    lang, words = language_first(sys.argv[1:] if argv is None else argv)
    lang = LANGUAGES.get(re.split(r"[-_.]", lang.lower())[0], lang)
    spoken = lang if lang in speech.LANGUAGES else texts.language(os.environ)
    texts.speak(spoken if spoken == "en" or terminal.can_show("岷山") else "en")
    if not terminal.can_show("°"):
        texts.write_plainly()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # `entry`
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(outcome(["--lang", lang, *words] if lang else words))


def language_first(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the value of --lang, wherever it is ("" where it is missing), and the other words."""
    for place, word in enumerate(words := list(argv)):
        if word == "--":
            break
        if word == "--lang" and place + 1 < len(words):
            return words[place + 1], words[:place] + words[place + 2 :]
        if word.startswith("--lang="):
            return word.removeprefix("--lang="), words[:place] + words[place + 1 :]
    return "", words


def outcome(words: list[str]) -> int:
    """Run the words. Return the exit code; an exception becomes a sentence and a code."""
    try:
        see_encoding(words)
        see_dashes(words)
        return int(run_words(words) or Exit.OK)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and not isinstance(error, click.exceptions.NoArgsIsHelpError):
            error = click.UsageError(usage_sentence(error, words), error.ctx)
        error.show(told := io.StringIO())
        say(told.getvalue().rstrip("\n"), err=True)
        if "--json" in words:
            print_json_failure(Exit.USAGE, error.format_message(), "")
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        say(texts._("Interrupted."), err=True)
        return Exit.INTERRUPTED
    except CommandError as failure:
        return reported(failure, words)
    except UnicodeEncodeError as error:
        written = error.encoding == "utf-8" or error.encoding != sys.getfilesystemencoding()
        return unforeseen(error) if written else reported(unnameable(error), words)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit would fail on it again
        return Exit.OK  # the reader (`| head`) has seen enough
    except Exception as error:  # noqa: BLE001 # the one place that turns the unforeseen into a sentence
        return unforeseen(error)


def run_words(words: list[str]) -> Any:
    """Return the command's result, or its help's. Raise BrokenPipeError where the reader is gone (click: exit 1)."""
    try:
        return group().main(words, prog_name="minshan", standalone_mode=False)
    except SystemExit:  # by click alone: our commands raise `Exit`
        raise BrokenPipeError from None
    except click.UsageError as error:
        if (asked := help_asked(error, words)) is None:
            raise
        return run_words(asked)


def see_encoding(words: Sequence[str]) -> None:
    """Raise CommandError where the terminal sent a word in another encoding than its locale's."""
    if any(terminal.is_misread(word) and not os.path.exists(word) for word in words):  # a file may be named so
        raise CommandError(Exit.USAGE, *terminal.misread_words())


def unnameable(error: UnicodeEncodeError) -> CommandError:
    """Return the error for a path that the locale's encoding cannot represent."""
    sentence = texts._("{path}: the terminal's encoding, {encoding}, lacks characters of this path")
    remedy = texts._("Use a UTF-8 terminal: export LANG=zh_CN.UTF-8 (or C.UTF-8).")
    return CommandError(Exit.USAGE, sentence.format(path=error.object, encoding=error.encoding), remedy)


def reported(failure: CommandError, words: list[str]) -> int:
    """Print an error and its remedy, also as JSON if requested. Return the exit code."""
    for line in failure.sentence.splitlines():
        say(texts._("Error: {message}").format(message=line), err=True)
    if failure.remedy:
        say(f"  → {failure.remedy}", err=True)
    if "--json" in words:
        print_json_failure(failure.code, failure.sentence, failure.remedy)
    return failure.code


def print_json_failure(code: Exit, sentence: str, remedy: str) -> None:
    """Print an error as JSON on stdout, where a program expects the answer."""
    import json  # here, as in `unforeseen`

    error = {"code": code.value, "sentences": sentence.splitlines(), "remedy": remedy}
    click.echo(json.dumps({"error": error}, ensure_ascii=not terminal.can_show(sentence + remedy)))


def unforeseen(error: Exception) -> int:
    """Print that Minshan itself is at fault, and write the traceback to a file for a report."""
    import logging  # here: few commands need these, and they import much
    import tempfile
    import traceback

    detail = "".join(traceback.format_exception(error))
    logging.getLogger("minshan").debug(detail)
    sentence = texts._("Unexpected error in Minshan itself ({kind}).").format(kind=type(error).__name__)
    try:
        with tempfile.NamedTemporaryFile(prefix="minshan-", suffix=".log", delete=False) as log:
            log.write(detail.encode("utf-8", "backslashreplace"))
        details = texts._("The details are in {file}; please report this with that file attached.")
        details = details.format(file=log.name)
    except OSError:
        details = texts._("The details could not be written.")
    say(texts.sentences(sentence, details), err=True)
    return Exit.INTERNAL


if __name__ == "__main__":
    main()
