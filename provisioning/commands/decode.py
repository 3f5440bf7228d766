"""`minshan sensors decode`: bytes recorded from a device, through its driver's own decoding."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from drivers.reason import system_reason
from drivers.text_files import UTF_16, unreadable
from edge.language import texts
from edge.language.remedies import CLOSER
from edge.language.texts import _, ngettext
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import json_option, print_json, set_option
from provisioning.commands.settings import assigned, driver_named, drivers_for, settings, typed
from provisioning.folding import as_typed, program, say

if TYPE_CHECKING:
    from drivers.driver import DriverInfo, Frame, Refused
    from drivers.reason import Reason

CHUNK = 64 * 1024
MOST_PLACES = 20  # refusals that are printed; all are counted
PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "ZIP", b"\xfd7zXZ": "xz", b"BZh": "bzip2"}  # by their first bytes
BOMS_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
STDIN = "<stdin>"  # the name of the standard input


class Input(click.File):
    """A file to read, with the system's errors in the person's language."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Open the file. Raise BadParameter where that fails."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if not isinstance(error.__context__, OSError):
                raise
            why = texts.render(system_reason(error.__context__))
            self.fail(_("{file}: {why}").format(file=value, why=why), param, ctx)


class DecodeTally:
    """Counts of frames read, and of frames and bytes refused by reason."""

    def __init__(self) -> None:
        self.frames = 0
        self.readings = 0
        self.kinds: dict[str, None] = {}  # kinds of frames without a reading, in order of arrival
        self.refused: dict[Reason, dict[str, int]] = {}
        self.places: list[str] = []  # the first refusals, in words

    def take(self, frame: Frame) -> None:
        """Count a frame and its readings."""
        self.frames += 1
        self.readings += len(frame.readings)
        if frame.kind and not frame.readings:
            self.kinds[frame.kind] = None

    def refuse(self, refused: Refused) -> None:
        """Count one refusal."""
        if len(self.places) < MOST_PLACES:
            sentence = _("From byte {offset}: {n} bytes refused: {reason}")
            why = texts.render(refused.reason)
            self.places.append(sentence.format(offset=refused.offset, n=refused.length, reason=why))
        entry = self.refused.setdefault(refused.reason, {"frames": 0, "bytes": 0})
        entry["frames"] += 1
        entry["bytes"] += refused.length

    def sentence(self) -> str:
        """Return the summary for people."""
        parts = [ngettext("{n} frame read", "{n} frames read", self.frames).format(n=self.frames)]
        for reason, entry in sorted(self.refused.items(), key=lambda found: found[0].code):
            refused = _("{n} refused: {reason} ({bytes} bytes)")
            parts.append(refused.format(n=entry["frames"], reason=texts.render(reason), bytes=entry["bytes"]))
        return _("; ").join(parts)


@click.command(
    help=_(
        "Decode bytes recorded from a device (FILE, or - for the standard input): one JSON object a reading, "
        "then how many frames were read, and what was refused and why. For I2C devices the input is lines of "
        'JSON, as {"registers": {"0xF7": "4a52c08096c07a76"}}.'
    )
)
@click.argument("driver", metavar=_("DRIVER"), shell_complete=drivers_for)
@click.argument("file", type=Input("rb"), metavar=_("FILE"))
@set_option()
@click.option("--hex", "as_hex", is_flag=True, help=_("The input is hexadecimal text."))
@json_option()
def decode(driver: str, file: BinaryIO, pairs: tuple[str, ...], as_hex: bool, as_json: bool) -> None:
    """Feed the bytes to the decoder and print what it gives."""
    info = driver_named(driver)
    if info.decoder is None:
        sentence = _('The driver "{name}" has no stream of bytes that could be decoded')
        raise CommandError(Exit.USAGE, sentence.format(name=driver))
    words = assigned(pairs)
    decoder = info.decoder(settings(info, placed(info, typed(info, words)), words))
    tally = DecodeTally()
    beginning = b""
    for chunk in unhexed(file) if as_hex else chunks(file):
        beginning = beginning or chunk
        show(decoder.feed(chunk), tally)
    show(decoder.finish(), tally)
    if as_json:
        refused = [{**reason.builtins(), **entry} for reason, entry in tally.refused.items()]
        print_json({"frames": tally.frames, "refused": refused})
    else:
        for line in (*(tally.places if tally.frames else ()), tally.sentence()):
            say(line)
    if not tally.readings and as_json:
        raise click.exceptions.Exit(Exit.DEVICE)
    if not tally.frames:
        name = getattr(file, "name", STDIN)
        source = ("--hex " if as_hex else "") + ("-" if name == STDIN else as_typed(name))
        raise CommandError(
            Exit.DEVICE, _("No frame of this device is in it"), packed(beginning) or another(beginning, source)
        )
    if not tally.readings:
        remedy = CLOSER["other_frames"]
        raise CommandError(Exit.DEVICE, nothing_wanted(list(tally.kinds)), _(remedy))


def nothing_wanted(kinds: list[str]) -> str:
    """Return that complete frames arrived, but none with a quantity of these settings; `kinds`: of the frames."""
    sentence = _("Complete frames arrive, but none contains what is read: {kinds}")
    return sentence.format(kinds=_(", ").join(kinds)) if kinds else _("its frames contain nothing that is read")


def another(data: bytes, source: str) -> str:
    """Return a remedy that names another driver for the bytes; "" where none fits. `source`: the input as typed."""
    from drivers.devices.heard import reader_of

    name = reader_of(data)
    sentence = _("These look like bytes of {name}: `{command}`")
    command = f"{program()} sensors decode {name} {source}"
    return sentence.format(name=name, command=command) if name else ""


def packed(data: bytes) -> str:
    """Return the remedy for a compressed file, or one saved in UTF-16; "" if it is neither."""
    if form := next((form for begin, form in PACKED.items() if data.startswith(begin)), ""):
        return _("The file is packed ({form}): unpack it first.").format(form=form)
    return texts.render(unreadable(UTF_16, 0)) if data.startswith(BOMS_16) else ""


def placed(info: DriverInfo, table: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with a placeholder for a missing port, path or line: recorded bytes need none."""
    for key, field in info.settings.model_fields.items():
        if key in ("port", "path", "line") and field.is_required():
            table.setdefault(key, 0 if key == "line" else "-")
    return table


def show(found: Iterable[Frame | Refused], tally: DecodeTally) -> None:
    """Print the frames' readings, and count frames and refusals."""
    from drivers.driver import Refused
    from drivers.quantity import quantity

    for one in found:
        if isinstance(one, Refused):
            tally.refuse(one)
            continue
        tally.take(one)
        for reading in one.readings:
            print_json(
                {
                    "quantity": reading.quantity,
                    "value": round(reading.value, 6),
                    "unit": quantity(reading.quantity).unit,
                    "doubt": None if reading.doubt is None else reading.doubt.builtins(),
                    "offset": one.offset,
                }
            )


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield the input as it arrives."""
    while chunk := file.read(CHUNK):
        yield chunk


def unhexed(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of hexadecimal text. Raise CommandError with the line that is not hexadecimal."""
    for number, line in enumerate(file, 1):
        try:
            yield bytes.fromhex(line.decode("utf-8-sig").replace("0x", "").replace(",", " ").replace(":", " "))
        except ValueError:
            name = Path(getattr(file, "name", "-")).name
            sentence = _("{file}, line {line}: this is not hexadecimal text, as 42 4d 00 1c")
            raise CommandError(Exit.USAGE, sentence.format(file=name, line=number), packed(line)) from None
