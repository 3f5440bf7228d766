"""Shared by commands: --config, --json, and the display of errors in a file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from drivers.reason import system_reason
from edge.language import texts
from edge.language.texts import _
from edge.loading import unswept
from provisioning.commands.exits import CommandError, Exit
from provisioning.folding import as_typed, program
from provisioning.terminal import can_show

if TYPE_CHECKING:
    from edge.config.errors import ConfigError, Mistake
    from edge.config.sections import BrokerSection, Config

CONFIG = Path("/etc/minshan/station.toml")  # where `make install` puts it
RETRY_MAX_S = 10.0  # of a command that a person waits for
UNITS = Path("/etc/systemd/system")  # where it puts the services
STATION = r"[a-z0-9][a-z0-9-]{0,31}"  # edge.wire.contract.StationId, which is slow to load
F = TypeVar("F", bound=Callable[..., Any])


def config_option(required: bool = False) -> Callable[[F], F]:
    """Add --config FILE, the installed file unless it is given."""
    return click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path, readable=False),
        metavar=_("FILE"),
        required=required,
        help=_("The station's file (otherwise {file}).").format(file=CONFIG),
    )


def state_option() -> Callable[[F], F]:
    """Add --state FOLDER: the running station to ask, in place of --config."""
    return click.option(
        "--state",
        type=click.Path(path_type=Path, readable=False),
        metavar=_("FOLDER"),
        help=_("The folder of its data."),
    )


def set_option() -> Callable[[F], F]:
    """Add --set KEY=VALUE, a setting of a driver; may be repeated."""
    return click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=_("A setting of the driver."))


def json_option() -> Callable[[F], F]:
    """Add --json, for programs."""
    return click.option("--json", "as_json", is_flag=True, help=_("Print JSON, for programs."))


def broker_options() -> Callable[[F], F]:
    """Add --broker, or --config in its place, and the options of a login.

    Secrets need not be given on the command line, which `ps` shows.
    """
    options = (
        click.option(
            "--broker",
            "url",
            envvar="MINSHAN_BROKER",
            metavar="URL",
            callback=_needed,
            help=_("mqtts://[user[:password]@]host:port (or mqtt://); otherwise the variable MINSHAN_BROKER."),
        ),
        click.option(
            "--config",
            "config_file",
            metavar=_("FILE"),
            is_eager=True,
            type=click.Path(path_type=Path, readable=False),
            help=_("A file with the [broker] and its login, such as the hub's, in place of --broker."),
        ),
        *(
            click.option(name, metavar=_("FILE"), type=click.Path(exists=True, dir_okay=False), help=words)
            for name, words in (
                ("--password-file", _("A file that contains only the password.")),
                ("--ca-file", _("The CA certificate of the broker (mqtts).")),
                ("--cert-file", _("A client certificate, if the broker requires one.")),
                ("--key-file", _("The private key of that certificate.")),
            )
        ),
    )

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _needed(context: click.Context, option: click.Parameter, url: str | None) -> str | None:
    """Return the broker's address, None where a file has it. Raise UsageError if it is given twice or not at all."""
    if context.params.get("config_file") is None:
        if url is None:
            raise click.MissingParameter(ctx=context, param=option)
        return url
    if context.get_parameter_source("url") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError(_("Give --broker or --config, not both."), context)
    return None


def broker_at(url: str | None, config_file: Path | None = None, **files: str | None) -> BrokerSection:
    """Return a broker's section from a command line, or from a file with the given overrides. Raise CommandError."""
    if url is None:
        given = {key: value for key, value in files.items() if value is not None}
        return broker_of(config_file or CONFIG).model_copy(update={"retry_max_s": RETRY_MAX_S, **given})
    from pydantic import ValidationError

    from edge.config.address import AddressError, parse
    from edge.config.sections import BrokerSection

    try:
        parse(url)
        return BrokerSection.model_validate({"url": url, "retry_max_s": RETRY_MAX_S, **files})
    except (AddressError, ValidationError):
        from provisioning.commands.answers import bad_broker

        raise CommandError(
            Exit.USAGE, _("{place}: {sentence}").format(place="--broker", sentence=bad_broker(url))
        ) from None


def broker_of(file: Path) -> BrokerSection:
    """Return the [broker] of a file. Raise CommandError with one line for each mistake in it."""
    from edge.config.errors import ConfigError
    from edge.config.file import load_broker

    try:
        return load_broker(file)
    except ConfigError as error:
        group = "minshan-hub" if "minshan-hub" in file.parts else "minshan"
        lines = "\n".join(map(format_mistake, error.mistakes))
        raise CommandError(Exit.CONFIG, lines, right_to_read(error, group)) from None


def as_command(words: str, config_file: Path | None, state: Path | None = None) -> str:
    """Return the command line for the station of that file or folder (None: the installed one)."""
    given = (("--config", config_file), ("--state", state))
    return " ".join([program(), words, *(f"{option} {as_typed(path)}" for option, path in given if path is not None)])


def is_of_service(file: Path | None, units: Path = UNITS) -> bool:
    """Return whether the file (None: the default) is that of the installed services."""
    return (file is None or file.absolute() == CONFIG) and (units / "minshan.service").exists()


def is_missing(file: Path) -> bool:
    """Return whether a file does not exist; False where that cannot be determined."""
    try:
        file.stat()
    except PermissionError:
        return False
    except OSError:
        return True
    return False


def loaded(path: Path | None) -> Config:
    """Return the station's configuration. Raise CommandError with one line for each mistake in its file."""
    from edge.config.errors import NO_FILE, ConfigError
    from edge.config.file import load

    try:
        with unswept():
            return load(path or CONFIG)
    except ConfigError as error:
        lines = "\n".join(format_mistake(mistake) for mistake in error.mistakes)
        missing = path is None and any(mistake.reason.code == NO_FILE.code for mistake in error.mistakes)
        remedy = _("Name the file with --config, or write one with `minshan init`.") if missing else ""
        raise CommandError(Exit.CONFIG, lines, remedy or right_to_read(error)) from None


def right_to_read(error: ConfigError, group: str = "minshan") -> str:
    """Return the remedy for a file of that group that the user may not read; "" where that is not the error."""
    whys = (mistake.reason.inner("why") for mistake in error.mistakes)
    closed = any(why is not None and why.code == "permission_denied" for why in whys)
    remedy = _("Join its group (sudo adduser $USER {group}, then log in again), or use sudo.")
    return remedy.format(group=group) if closed else ""


def may_write(out: Path, force: bool, example: str) -> None:
    """Raise CommandError where `out` is a folder, or an existing file without `force`; `example`: a file name."""
    # Both return False in a folder that we may not enter: the attempt to write reports that.
    if os.path.isdir(out):
        sentence = _("{file} is a folder: name a file in it, as {example}.").format(file=out, example=out / example)
        raise CommandError(Exit.USAGE, sentence)
    if os.path.exists(out) and not force:
        sentence = _("{file} exists already.").format(file=out)
        raise CommandError(Exit.USAGE, sentence, _("Name another file, or replace it with --force."))


def state_folder(path: Path | None) -> Path:
    """Return the station's state folder from its file, without validating the rest, which takes longer.

    Raise CommandError where the file is invalid.
    """
    try:
        named = tomllib.loads((path or CONFIG).read_text("utf-8"))["state"]["dir"]
        return Path(named or loaded(path).state_dir)
    except (OSError, ValueError, LookupError, TypeError):
        return loaded(path).state_dir


def format_mistake(mistake: Mistake) -> str:
    """Return one mistake in a file as a line in the person's language."""
    told = sentence(mistake)
    if mistake.named:
        told = _("{place}: {sentence}").format(place=mistake.named, sentence=told)
    return _("{place}: {sentence}").format(place=mistake.where, sentence=told)


def sentence(mistake: Mistake) -> str:
    """Return a mistake's sentence in the person's language."""
    return texts.render(mistake.reason)


def format_file_error(error: OSError) -> str:
    """Return the system's error for a file, with the file's name if it has one."""
    why = texts.render(system_reason(error))
    if error.filename is None:
        return why
    return _("{file} cannot be used: {why}").format(file=error.filename, why=why)


def print_json(value: Any) -> None:
    """Print one JSON value on a line, with non-ASCII characters where the output can show them."""
    text = json.dumps(value, ensure_ascii=False)
    click.echo(text if can_show(text) else json.dumps(value))
