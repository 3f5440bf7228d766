"""The doctor's checks of the box itself: the site's facts, the archive, the clock, the disk."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.reason import Reason, system_reason
from edge.language import texts
from edge.language.readings import margin
from edge.language.texts import _
from edge.language.words import N_
from provisioning.commands.finding import Finding
from provisioning.commands.stationfile import unasked
from provisioning.folding import as_typed

if TYPE_CHECKING:
    from edge.config.sections import Config
    from edge.snapshots import StationStatus

LEAST_FREE = 100_000_000  # bytes; with less a card's file system gets slow and SQLite may stop

NOT_OURS = N_("Make the station's user its owner: sudo chown -R minshan {folder}; or name another in [state].")
DISK_REMEDIES = {
    errno.EROFS: N_("Mount it read-write; where it went read-only by itself, `dmesg` says why: often a dying card."),
    errno.ENOSPC: N_("Delete what is not needed there, or fit a larger card."),
    errno.ENOTDIR: N_("There is a file in its place: move it away, or name another folder in [state]."),
}


def site(config: Config) -> Iterator[Finding]:
    """Check whether the site's facts are the defaults that `init` wrote because none were given."""
    said = {
        "both": _("site: position and altitude are those that `minshan init` writes where none are given"),
        "position": _("site: the position is the one that `minshan init` writes where none is given"),
        "altitude": _("site: the altitude is the one that `minshan init` writes where none is given"),
    }
    found = unasked(config.site)
    if found:
        remedy = _(
            "Correct in [site]: {keys}, and delete its line `assumed`; the limits of the air pressure and the photos' "
            "daylight depend on them."
        ).format(keys=_(", ").join(found))
        which = {"altitude" if key == "altitude_m" else "position" for key in found}
        yield Finding("site", True, said["both" if len(which) > 1 else which.pop()], remedy)


def archive_of(facts: StationStatus) -> Iterator[Finding]:
    """Yield what keeps the running station from writing, and what was repaired, if anything."""
    trouble, mended = facts.store.trouble, facts.store.mended
    if trouble is not None:
        sentence = _("archive: {trouble}").format(trouble=texts.render(trouble))
        yield Finding(
            "archive", False, sentence, _("What is measured waits in memory; after a restart it would be missing.")
        )
    if mended is not None:
        sentence = _("archive: was damaged and repaired: {cause}").format(cause=texts.render(mended))
        yield Finding("archive", False, sentence, _("The loss record of it names what is missing; see to the cause."))


def strays(config: Config) -> Iterator[Finding]:
    """Yield a finding about picture files without a record, if there are any."""
    from edge.store.folder import STRAYS, count_strays

    files, size = count_strays(config.state_dir)
    if files:
        sentence = texts.ngettext(
            "archive: {n} picture file ({size}) in {folder} belongs to no record",
            "archive: {n} picture files ({size}) in {folder} belong to no record",
            files,
        ).format(n=files, size=texts.size(size), folder=config.state_dir / STRAYS)
        remedy = _(
            "Their records were lost, or the power failed while they were being saved. Look at them, then delete them."
        )
        yield Finding("archive", True, sentence, remedy)


def clock_of(facts: StationStatus) -> Finding:
    """Return the running station's view of the time: its permissions may differ from the doctor's."""
    known = facts.clock
    return clock_finding(facts.time, facts.utc_offset_h, known.source, known.error, known.trouble)


def clock(config: Config) -> Finding:
    """Check whether something keeps the system's clock right, by a look of the doctor's own."""
    from edge.clock.anchors import believable, error_of
    from edge.clock.timekeeper import UNSYNCHRONISED, KernelTime, NotAllowedError

    try:
        anchor = KernelTime(config.clock.trust_system_clock).probe("", 0.0)
    except NotAllowedError as refused:
        return clock_finding(None, 0.0, None, None, refused.reason)
    if anchor is None:
        return clock_finding(None, 0.0, None, None, UNSYNCHRONISED)
    if not believable(anchor):
        said = _("clock: {now}, which cannot be right").format(now=texts.when(anchor.utc, config.site.utc_offset_h))
        return Finding("clock", False, said, clock_finding(None, 0.0, None, None, UNSYNCHRONISED).remedy)
    return clock_finding(anchor.utc, config.site.utc_offset_h, anchor.source, error_of(anchor), None)


def clock_finding(
    utc: int | None, offset_h: float, source: str | None, error: float | None, trouble: Reason | None
) -> Finding:
    """Return the finding for a time (microseconds UTC, None unknown), its source and error (s), and their fault."""
    from edge.clock.belief import CONTRADICTED
    from edge.clock.timekeeper import MAY_NOT_ASK, UNSYNCHRONISED

    remedy = _("See the station's log: journalctl -u minshan")
    if trouble == UNSYNCHRONISED:
        remedy = _(
            "Install chrony and let it reach a time server (or fit a clock chip or GNSS). The station measures "
            "meanwhile, and dates its records when the time is known."
        )
    elif trouble is not None and trouble.code == MAY_NOT_ASK:
        remedy = _(
            "Its service must be the one that was installed: ProtectClock=no, and adjtimex and clock_adjtime in "
            "SystemCallFilter (systemctl cat minshan). Then: sudo systemctl daemon-reload, sudo systemctl restart "
            "minshan."
        )
    elif trouble is not None and trouble.code == CONTRADICTED:
        remedy = _(
            "Find out which is wrong: chronyc -n sources on the box, and the clock of the platform's "
            "computer. Until they agree, the records state an error that covers both."
        )
    if utc is None:
        sentence = _("clock: the system's time is not synchronised, so it may be wrong")
        if trouble is not None and trouble != UNSYNCHRONISED:
            sentence = _("clock: {trouble}").format(trouble=texts.render(trouble))
        return Finding("clock", False, sentence, remedy)
    now = texts.when(utc, offset_h)
    sentence = _("clock: {now}, ±{error} s").format(now=now, error="?" if error is None else margin(error))
    if source == "system":
        sentence = _("clock: {now}, trusted (trust_system_clock) although it is not synchronised").format(now=now)
    # A box that gets the time from the platform needs no source of its own.
    if trouble is None or trouble == UNSYNCHRONISED:
        return Finding("clock", True, sentence)
    found = _("{said}; but {trouble}").format(said=sentence, trouble=texts.render(trouble))
    return Finding("clock", True, found, remedy)


def disk(config: Config, running: bool) -> Finding:
    """Check whether the folder of the station's data can be written, and has room for what the file grants."""
    folder = config.state_dir
    there = folder if os.path.exists(folder) else next(p for p in (*folder.parents, Path("/")) if os.path.exists(p))
    trouble = None if running else unwritable(there)
    if trouble is not None:
        sentence = _("disk: {folder} cannot be written: {detail}")
        detail = texts.render(system_reason(trouble))
        remedy = _(DISK_REMEDIES.get(trouble.errno or 0, NOT_OURS)).format(folder=as_typed(folder))
        return Finding("disk", False, sentence.format(folder=there, detail=detail), remedy)
    stat = os.statvfs(there)
    free, wanted = stat.f_bavail * stat.f_frsize, (config.state.records_mb + config.state.pictures_mb) * 1_000_000
    facts = {"folder": folder, "free": texts.size(free), "wanted": texts.size(wanted)}
    if free < LEAST_FREE:
        sentence = _("disk: only {free} are free for {folder}")
        return Finding("disk", False, sentence.format(**facts), _(DISK_REMEDIES[errno.ENOSPC]))
    if free + used(folder) < wanted:
        sentence = _("disk: {free} are free for {folder}, but the file lets the archive grow to {wanted}")
        remedy = _("Make records_mb or pictures_mb in [state] smaller, or fit a larger card.")
        return Finding("disk", False, sentence.format(**facts), remedy)
    return Finding("disk", True, _("disk: {folder} can be written, {free} are free").format(**facts))


def unwritable(folder: Path) -> OSError | None:
    """Try to write into a folder. Return why that fails; None where it works."""
    probe = folder / ".minshan-doctor"
    try:
        with probe.open("w", encoding="ascii") as file:
            file.write("minshan")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def used(folder: Path) -> int:
    """Return the bytes of a folder's files; files that a running station renames or deletes meanwhile are skipped."""
    total = 0
    for where, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total
