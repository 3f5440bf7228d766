"""`minshan hub init`: write the hub's file, with comments, and create its database."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from edge.files import make_folder, write_whole
from edge.language.texts import _, ngettext
from provisioning.commands import hub_interview
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.hub_interview import Facts
from provisioning.commands.hub_options import as_command, starting
from provisioning.commands.init import keep
from provisioning.commands.options import format_file_error, format_mistake, may_write
from provisioning.folding import say

if TYPE_CHECKING:
    from hub.config import HubConfig

FOLDER = "/var/lib/minshan-hub"
PATH = click.Path(path_type=Path, readable=False)


@click.command("init", help=_("Write the hub's file and create its database. What is not given is asked for."))
@click.option("--broker", metavar="URL", envvar="MINSHAN_BROKER", help=_("mqtts://[user@]host:port (or mqtt://)."))
@click.option("--broker-password-file", metavar=_("FILE"), help=_("A file that contains only the broker's password."))
@click.option("--ca-file", metavar=_("FILE"), help=_("The CA certificate of the broker (mqtts)."))
@click.option(
    "--database",
    metavar="URL",
    envvar="MINSHAN_DATABASE",
    help=_("sqlite:///FILE, or postgresql://user@host/name (otherwise {url}).").format(url=f"sqlite://{FOLDER}/hub.db"),
)
@click.option("--database-password-file", metavar=_("FILE"), help=_("A file that contains only its password."))
@click.option(
    "--pictures", metavar=_("FOLDER"), help=_("Photos (otherwise {folder}).").format(folder=f"{FOLDER}/pictures")
)
@click.option(
    "--http",
    metavar=_("HOST:PORT"),
    help=_("Serve the API at this address, such as 127.0.0.1:8080 (otherwise not at all)."),
)
@click.option("--out", type=PATH, required=True, metavar=_("FILE"), help=_("The file to write."))
@click.option("--force", is_flag=True, help=_("Replace an existing file, which is kept as FILE.bak."))
@click.pass_context
def init(context: click.Context, /, out: Path, force: bool, **given: str | None) -> None:
    """Prompt for missing values at a terminal, check the file as the hub does, write it, and create the tables."""
    may_write(out, force, "hub.toml")
    for name in ("broker", "database"):
        typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if typed and ":" in hub_interview.login_in(given[name] or ""):
            sentence = _("A password does not belong on a command line, where everybody on the machine can read it.")
            remedy = _("Put it into a file and name that with --{name}-password-file.").format(name=name)
            raise CommandError(Exit.USAGE, sentence, remedy)
    hub_interview.can_be_made(out.absolute().parent)
    hub_interview.refuse(given, written)
    facts = complete(given)
    records = make(out, written(facts))
    if records is None:
        say(_("{file} was written, and the database was created.").format(file=out))
    else:
        sentence = ngettext(
            "{file} was written. The database was there already: its {n} record is kept.",
            "{file} was written. The database was there already: its {n} records are kept.",
            records,
        )
        say(sentence.format(file=out, n=records))
    if facts["http"] is not None:
        sentence = _("Add the first person: `{command} --role admin NAME`.")
        say(sentence.format(command=as_command(out, "user add")))
    say(_("Next: `{command}`.").format(command=starting(out)))


def complete(given: Facts) -> Facts:
    """Return all facts: given, else prompted for at a terminal, else the defaults."""
    defaults: Facts = {"database": f"sqlite://{FOLDER}/hub.db", "pictures": f"{FOLDER}/pictures"}
    if sys.stdin.isatty() and sys.stdout.isatty():
        facts = hub_interview.complete(given, defaults, written)
    elif given["broker"] is None:
        raise CommandError(Exit.USAGE, _("--broker is missing: the hub needs a broker, such as mqtt://host:1883."))
    else:
        facts = given | {key: given[key] or value for key, value in defaults.items()}
    for key in ("pictures", "broker_password_file", "ca_file", "database_password_file"):
        facts[key] = None if facts[key] is None else str(Path(facts[key] or "").absolute())
    return facts


def written(facts: Facts) -> str:
    """Return the file's text."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(_("A Minshan hub. Restart it after a change.")))
    tables: dict[str, list[tuple[str, str | None, str]]] = {
        "hub": [("name", "", _('keeps two hubs at one broker apart; "": the name of this machine'))],
        "broker": [
            ("url", facts["broker"], _("where the stations send to")),
            ("password_file", facts["broker_password_file"], _("a file that contains only the password")),
            ("ca_file", facts["ca_file"], _("the CA certificate of the broker")),
        ],
        "database": [
            ("url", facts["database"], _("sqlite:///FILE or postgresql://user@host/name")),
            ("password_file", facts["database_password_file"], _("otherwise the variable PGPASSWORD or ~/.pgpass")),
        ],
        "pictures": [("dir", facts["pictures"], _("photos; messages that could not be understood are kept beside it"))],
    }
    if facts["http"] is not None:
        tables["http"] = [
            ("listen", facts["http"], _("the API; beyond this machine only with a certificate or behind a proxy")),
            ("public_url", None, _("how people reach it, such as https://hub.example")),
            ("cert_file", None, _("its certificate")),
            ("key_file", None, _("and its key")),
        ]
    for name, lines in tables.items():
        table = tomlkit.table()
        for key, value, comment in lines:
            if value is None:
                table.add(tomlkit.comment(f'{key} = ""  # {comment}'))
            else:
                table.add(key, tomlkit.item(value).comment(comment))
        if name == "pictures":
            table.add(
                tomlkit.comment(
                    "keep_days = 400  # "
                    + _("days to keep photos, but not thumbnails; otherwise they are kept for ever")
                )
            )
            table.add(
                tomlkit.comment("keep_gb = 500  # " + _("beyond it the oldest photos are deleted; otherwise no limit"))
            )
        document.add(tomlkit.nl())
        document.add(name, table)
    return tomlkit.dumps(document) + alarms()


def alarms() -> str:
    """Return the part about alarms, as comments: people on call are in the database."""
    lines = (
        _("How people are notified of alerts; who they are: `minshan hub person add`."),
        "[alarms]",
        'season = ["03-01", "05-31"]  # ' + _("the season in which frost matters"),
        'names = { orchard-1 = "" }  # ' + _("what people call the stations"),
        "[[channel]]",
        'name = "group"',
        'kind = "wecom"  # ' + _("or dingtalk (with secret_file), webhook (url), mail (url, sender)"),
        'key_file = ""  # ' + _("a file that contains only the robot's key or address"),
        "[[channel]]",
        'name = "voice"',
        'kind = "webhook"  # ' + _("a gateway that calls people: what wakes them at night"),
        'url = ""',
        "[heartbeat]",
        'url = ""  # ' + _("requested once a minute: on another host, which notifies people when that stops"),
    )
    return "\n" + "".join(f"# {line}\n" for line in lines)


def make(out: Path, text: str) -> int | None:
    """Write the text to a temporary file, check it as the hub does, create folders and tables, then rename it to `out`.

    Return how many records the database has; None where it was created.
    """
    from edge.config.errors import ConfigError
    from hub.config import load
    from hub.database.engine import SQLITE, file_of
    from hub.hub import open_sink
    from hub.sink import SinkError

    beside = out.with_name(f".{out.name}.new")
    try:
        write_whole(beside, text.encode(), 0o640)
        config = load(beside)
        if config.database.url.startswith(SQLITE):
            make_folder(Path(file_of(config.database.url)).parent)
        make_folder(Path(config.pictures.dir))
        records = kept_in(config)
        open_sink(config).close()
        if out.exists():
            keep(out, beside)
        beside.rename(out)
        return records
    except ConfigError as error:
        lines = (format_mistake(mistake).replace(str(beside), str(out)) for mistake in error.mistakes)
        raise CommandError(Exit.CONFIG, "\n".join(lines)) from None
    except SinkError as error:
        raise CommandError(Exit.STORE, error.reason) from None
    except OSError as error:
        raise CommandError(Exit.USAGE, format_file_error(error)) from None
    finally:
        beside.unlink(missing_ok=True)


def kept_in(config: HubConfig) -> int | None:
    """Return how many records a hub's database has; None where there is none yet."""
    from hub.database import schema
    from hub.hub import engine_of
    from hub.sink import SinkError

    with closing(engine_of(config, make=False)) as engine:
        try:
            if not schema.version(engine):
                return None
            ((count,),) = engine.query("SELECT coalesce(sum(last - first + 1), 0) FROM ledger")
        except SinkError:  # opening it for writing reports it
            return None
        return int(count)
