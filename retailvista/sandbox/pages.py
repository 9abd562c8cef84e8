"""The pages for people: books, call log, judge, clock, switches. Dutch and English, no assets.

Invariant: a page only reads; every change is a form that posts to `/switch` and comes back.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from retailvista.sandbox import balances
from retailvista.sandbox.answers import Answer, Request, as_html
from retailvista.sandbox.app_pages import apps, webhooks
from retailvista.sandbox.page import Markup, form, framed, language_of, table
from retailvista.sandbox.switch_pages import Switches
from retailvista.sandbox.welcome import first_page
from retailvista.sandbox.words import say

if TYPE_CHECKING:
    from retailvista.sandbox.server import Sandbox

PAGE_ROWS = 50
NAV = (
    *(("/", "home"), ("/calls", "calls"), ("/judge", "judge"), ("/apps", "apps")),
    *(("/webhooks", "webhooks"), ("/switches", "switches")),
)


class Pages:
    """The pages of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store
        self.switches = Switches(sandbox)

    def answer(self, request: Request) -> Answer | None:
        """The page of a path, or None where there is none."""
        first, _, rest = request.path.strip("/").partition("/")
        if request.method == "POST":
            return self.switches.switch(request) if first == "switch" and not rest else None
        language = language_of(request)
        if first == "books" and rest.isdigit():
            return self._books(request, int(rest), language)
        if first == "entry" and rest:
            return self._entry(rest, language)
        plain = {
            "calls": self._calls,
            "judge": self._judge,
        }
        if not first:
            return self._overview(request, language)
        if first in plain and not rest:
            return plain[first](language)
        made = {
            "apps": lambda: apps(self.sandbox, language),
            "webhooks": lambda: webhooks(self.sandbox, language),
            "switches": lambda: self.switches.body(language),
        }
        if first in made and not rest:
            return self._framed(say(first, language), made[first](), language)
        return None

    def _framed(self, title: str, body: str, language: str) -> Answer:
        links = "".join(
            f'<a href="{path}?lang={language}">{say(word, language)}</a>' for path, word in NAV
        )
        other = "en" if language == "nl" else "nl"
        links += f'<a href="?lang={other}">{say("other-language", language)}</a>'
        now = self.store.now().strftime("%Y-%m-%d %H:%M:%S UTC")
        nav = f"<nav>{links}<span>{say('time', language)}: {now}</span></nav>"
        return as_html(200, framed(title, body, language, nav=nav))

    def _overview(self, request: Request, language: str) -> Answer:
        page = first_page(self.sandbox, request.base, language)
        return self._framed(say("welcome", language), page, language)

    def _books(self, request: Request, division: int, language: str) -> Answer:
        row = self.store.row("SELECT Description FROM division WHERE Code = ?", division)
        if row is None:
            return self._framed(say("nothing", language), "", language)
        body = self._trial_balance(division, language)
        body += self._entries(request, division, language)
        return self._framed(f"{division} {row[0]}", body, language)

    def _trial_balance(self, division: int, language: str) -> str:
        found = balances.trial_balance(self.store, division)
        rows: list[list[object]] = [
            [code, name, amount(debit), amount(credit)] for code, name, debit, credit in found
        ]
        debit, credit = sum(row[2] for row in found), sum(row[3] for row in found)
        rows.append([say("total", language), "", amount(debit), amount(credit)])
        heads = [say(word, language) for word in ("account", "name", "debit", "credit")]
        title = say("trial-balance", language)
        listed = table(heads, rows, frozenset({2, 3}), stack=True)
        return f'<div class="card"><h2>{title}</h2>{listed}</div>'

    def _entries(self, request: Request, division: int, language: str) -> str:
        before = request.query.get("before", "")
        found = self.store.rows(
            "SELECT seq, EntryID, JournalCode, EntryNumber, FinancialYear, FinancialPeriod, "
            "(SELECT CAST(round(total(max(AmountDC, 0)) * 100) AS INTEGER) FROM line l "
            "WHERE l.EntryID = e.EntryID), Status FROM entry e "
            "WHERE Division = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            division,
            int(before) if before.isdigit() else 2**62,
            PAGE_ROWS,
        )
        rows: list[list[object]] = [
            [
                Markup(f'<a href="/entry/{entry_id}?lang={language}">{number}</a>'),
                *(journal, f"{year} / {period}", amount(debit), status),
            ]
            for _, entry_id, journal, number, year, period, debit, status in found
        ]
        words = ("entry-number", "journal", "period", "debit", "status")
        listed = table([say(word, language) for word in words], rows, frozenset({3}), stack=True)
        older = ""
        if len(found) == PAGE_ROWS:
            older = f'<p><a href="?lang={language}&amp;before={found[-1][0]}">'
            older += f"{say('older', language)}</a></p>"
        return f'<div class="card"><h2>{say("entries", language)}</h2>{listed}{older}</div>'

    def _entry(self, entry_id: str, language: str) -> Answer:
        head = self.store.row(
            "SELECT JournalCode, EntryNumber, FinancialYear, FinancialPeriod, Currency, Division "
            "FROM entry WHERE EntryID = ?",
            entry_id,
        )
        if head is None:
            return self._framed(say("nothing", language), "", language)
        rows: list[list[object]] = []
        for line in self.store.rows(
            "SELECT LineNumber, GLAccountCode, GLAccountDescription, Description, VATCode, VATType,"
            " CAST(round(AmountDC * 100) AS INTEGER) FROM line "
            "WHERE EntryID = ? AND LineNumber > 0 ORDER BY LineNumber",
            entry_id,
        ):
            cents = line[-1]
            rows.append([*line[:-1], amount(max(cents, 0)), amount(max(-cents, 0))])
        words = ("line", "account", "name", "text", "vat-code", "vat-type", "debit", "credit")
        listed = table(
            [say(word, language) for word in words], rows, frozenset({0, 6, 7}), stack=True
        )
        title = f"{say('entry-number', language)} {head[1]}"
        where = f"{head[5]} · {say('journal', language)} {head[0]} · {head[2]} / {head[3]}"
        body = f'<div class="card"><p>{escape(where)} · {escape(head[4])}</p>{listed}</div>'
        return self._framed(title, body, language)

    def _calls(self, language: str) -> Answer:
        shown = ("method", "path", "status", "client_id", "ms", "fault")
        rows: list[list[object]] = [
            [clock(call["at"]), *(call[name] for name in shown)]
            for call in self.sandbox.judge.calls(200)
        ]
        words = ("time", "method", "path", "status", "app", "ms", "fault")
        listed = table([say(word, language) for word in words], rows, frozenset({3, 5}), stack=True)
        return self._framed(say("calls", language), f'<div class="card">{listed}</div>', language)

    def _judge(self, language: str) -> Answer:
        found = self.sandbox.judge.findings(200, language)
        shown = ("rule", "says", "client_id", "method", "path", "detail")
        rows: list[list[object]] = [
            [clock(one["at"]), *(one[name] for name in shown)] for one in found
        ]
        words = ("time", "rule", "meaning", "app", "method", "path", "text")
        listed = table([say(word, language) for word in words], rows, stack=True)
        listed += form("forget", "", language, "clear", back="/judge")
        if not found:
            listed = f"<p>{say('judge-clean', language)}</p>"
        body = f'<div class="card"><p>{say("judge-explains", language)}</p>{listed}</div>'
        return self._framed(say("judge", language), body, language)


def amount(cents: int) -> str:
    """1.234,50, or nothing for zero."""
    if not cents:
        return ""
    whole, rest = divmod(abs(cents), 100)
    return ("-" if cents < 0 else "") + f"{whole:,}".replace(",", ".") + f",{rest:02d}"


def clock(at: float) -> str:
    """The time of a call, UTC."""
    seconds = int(at) % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
