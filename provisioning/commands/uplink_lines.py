"""The state of the broker and the receiver behind it, in lines of `minshan status`."""

from __future__ import annotations

from edge.language import texts
from edge.language.texts import _, ngettext
from edge.snapshots import UplinkSnapshot

NAMED = 5  # records


def lines(uplink: UplinkSnapshot | None) -> list[str]:
    """Return the state of the broker and the receiver behind it."""
    if uplink is None:
        return [_("No broker is configured: everything stays in the local archive.")]
    return [connected(uplink), *unusual(uplink)]


def connected(uplink: UplinkSnapshot) -> str:
    """Return whether there is a connection, and why not."""
    if uplink.connected:
        return _("Connected to the broker.")
    if uplink.trouble is not None:
        return _("Not connected to the broker: {trouble}").format(trouble=texts.render(uplink.trouble))
    return _("Not connected to the broker.")


def unusual(uplink: UplinkSnapshot) -> list[str]:
    """Return a line for each unusual thing: another receiver's receipts, messages set aside, too large records."""
    found = []
    ledger, aside, large = uplink.ledger, uplink.set_aside, uplink.too_large
    if ledger.refused:
        sentence = _(
            "Receipts of another receiver ({other}) are ignored, {n} times since the start. If it "
            "has replaced the previous one ({believed}): {command}"
        )
        names = {"other": ledger.other or "–", "believed": ledger.believed or "–"}
        found.append(sentence.format(n=ledger.refused, command="minshan accept-ledger", **names))
    if aside.count:
        sentence = ngettext(
            "{n} message that came could not be handled; it is kept in {folder}. It was on {why}",
            "{n} messages that came could not be handled; they are kept in {folder}. The last was on {why}",
            aside.count,
        )
        found.append(sentence.format(n=aside.count, folder=aside.folder, why=texts.render_value(aside.last)))
    if large.count:
        sentence = ngettext(
            "{n} record is larger than this broker accepts and stays here: {why}",
            "{n} records are larger than this broker accepts and stay here: {why}",
            large.count,
        )
        found.append(sentence.format(n=large.count, why=texts.render_value(large.last)))
    if never := uplink.never_arrives:
        sentence = ngettext(
            "{n} record was sent again and again and never arrived; it stays here: {which}",
            "{n} records were sent again and again and never arrived; they stay here: {which}",
            len(never),
        )
        found.append(sentence.format(n=len(never), which=_(", ").join(never[:NAMED])))
    return found
