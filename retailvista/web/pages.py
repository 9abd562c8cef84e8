"""What every page has: menu, quick search entries, state badges, one-time messages.

A message to be shown on the next page travels as a short code in the address, not in a cookie:
the words are chosen here, so that nobody can put words of his own on our page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, g, request, url_for
from flask_babel import lazy_gettext as _l

from retailvista.web import access, audit_details, audit_words, flow_words, words

DONE = {
    "saved": _l("Saved."),
    "added": _l("Added."),
    "removed": _l("Removed."),
    "copied": _l("Copied, without secret and login: enter them and save."),
    "asked": _l("The work has been started; this page shows how it goes."),
    "profile": _l("Your profile has been successfully updated."),
    "blocked": _l("The change takes effect at once."),
    "released": _l("The journals have been released; they are sent by the next export."),
    "day-closed": _l("The day is closed: its journal can be built now."),
    "decided": _l("Your decision has been recorded and takes effect with the next export."),
    "reversed": _l("The reversal has been built; release it to send it."),
    "withdrawn": _l("The journal has been withdrawn; its receipts are free again."),
    "disconnected": _l("The connector is disconnected. Log in again to use it."),
    "judged": _l("Thank you. Your judgement has been kept."),
    "token-revoked": _l("The access token has been revoked."),
    "imported": _l(
        "The flows have been taken in, switched off. Look through them and switch them on."
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu, also found by quick search under its further names."""

    endpoint: str
    title: Any
    group: Any
    icon: str
    role: str = access.VIEWER
    also: str = ""


START = _l("Start")
ADMINISTRATION = _l("Administration")
EXTRA = _l("Extra")
MENU = (
    Entry("start.page", _l("Overview"), START, "speedometer2", also="home dashboard begin"),
    Entry(
        "till_files.index", _l("Till files"), START, "file-earmark-arrow-up",
        also="kassabestanden import xml audit",
    ),
    Entry(
        "store_days.index", _l("Store days"), START, "calendar3",
        also="winkeldagen kassaverantwoording declaration",
    ),
    Entry("journals.index", _l("Journals"), START, "journal-text", also="journaalposten export"),
    Entry("control.page", _l("Control"), START, "check2", also="aansluiting compare"),
    Entry(
        "ledger_links.index", _l("Ledger links"), ADMINISTRATION, "link-45deg",
        also="grootboekkoppelingen initialise btw vat",
    ),
    Entry("companies.index", _l("Companies"), EXTRA, "building", also="bedrijven alias url stores"),
    Entry("connectors.index", _l("Connectors"), EXTRA, "plug", also="connectors oauth koppeling"),
    Entry(
        "flows.index", _l("Flows"), EXTRA, "diagram-3",
        also="stromen flows replicatie replication incoming outgoing",
    ),
    Entry("inbox.index", _l("Inbox"), EXTRA, "inbox", access.BOOKKEEPER, also="postvak items"),
    Entry(
        "feeds.index", _l("Feeds"), EXTRA, "box-arrow-up-right",
        also="odata excel power bi tableau jitterbit service url",
    ),
    Entry("runs.index", _l("Runs"), EXTRA, "list-check", also="taken tasks jobs uitvoeringen"),
    Entry("schedules.index", _l("Schedules"), EXTRA, "clock-history", also="taakplanning planning"),
    Entry("usage.page", _l("Usage"), EXTRA, "cash-coin", access.BOOKKEEPER, also="verbruik kosten"),
    Entry("variables.page", _l("Variables"), EXTRA, "braces", access.BOOKKEEPER, also="variabelen"),
    Entry("audit.page", _l("Audit"), EXTRA, "shield-check", access.BOOKKEEPER, also="log wie"),
    Entry("profile.page", _l("Profile"), EXTRA, "person-circle", also="profiel password token"),
    Entry("guide.page", _l("Help"), EXTRA, "question-circle", also="help uitleg handleiding"),
)  # fmt: skip


def install(app: Flask) -> None:
    app.context_processor(page_values)
    app.jinja_env.globals.update(icon_url=icon_url, may=access.may, **flow_words.GLOBALS)
    app.jinja_env.filters.update(
        state_word=words.state_word,
        state_colour=words.state_colour,
        kind_word=words.kind_word,
        level_word=words.level_word,
        asker_word=words.asker_word,
        said=words.translated,
        count_word=words.count_word,
        evidence_word=words.evidence_word,
        action_word=audit_words.action_word,
        subject_word=audit_details.subject_word,
        audit_details=audit_details.details,
        rate=words.rate,
        sales_type_word=words.sales_type_word,
        **flow_words.FILTERS,
    )


def page_values() -> dict[str, Any]:
    return {
        "company": g.get("company"),
        "login": g.get("login"),
        "menu": menu(),
        "done_message": DONE.get(request.args.get("done", "")),
    }


def menu() -> dict[Any, list[Entry]]:
    """The menu of this person, by group."""
    groups: dict[Any, list[Entry]] = {}
    for entry in MENU:
        if access.may(entry.role):
            groups.setdefault(entry.group, []).append(entry)
    return groups


def icon_url() -> str:
    return url_for("static", filename="vendor/icons.svg")
