"""Store days as text that a bookkeeper can read and approve: receipts in, journal out.

A case is one file in days/: a sentence that says what it shows, the store, links that differ from
links.txt, the receipts (or a till file and a day), and what comes out: a journal or problems.

    store   NL EUR 0.05
    link    payment TUINBON = 1225
    receipt K1/1 11001
      line  PLANT 9% 10.90            gross; the net follows from the rate, or `net 10.00`
      paid  CASH 10.90
    journal
      D 1205      10.90   Ontvangen CASH
    problem payment_unlinked K1/1
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from retailvista.journals.intake.xaa import read_till_file
from retailvista.ledger.checks import StoreFacts, check
from retailvista.ledger.declaration import Declaration
from retailvista.ledger.journal import Journal
from retailvista.ledger.link_rows import LinkRow, links_of_rows
from retailvista.ledger.links import Links
from retailvista.ledger.money import round_half_up
from retailvista.ledger.posting import post
from retailvista.ledger.problem import holding
from retailvista.ledger.receipt import Receipt, ReceiptLine, Tender

ROOT = Path(__file__).parents[2]
DAYS = Path(__file__).parent / "days"
STANDARD = {"CASH": "12001", "PIN": "12002", "CREDITCARD": "12003", "CADEAUKAART": "12005"}


@dataclass
class DayCase:
    """A parsed case."""

    facts: StoreFacts = field(default_factory=StoreFacts)
    day: date = date(2026, 3, 10)
    rows: list[LinkRow] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    @property
    def links(self) -> Links:
        return links_of_rows(self.rows)

    @property
    def declaration(self) -> Declaration:
        store = self.receipts[0].store
        own = tuple(receipt for receipt in self.receipts if receipt.business_date == self.day)
        return Declaration(store, self.day, own, currency=self.facts.currency)

    def outcome(self) -> list[str]:
        """What really comes out, in the words of the case."""
        problems = holding(check(self.declaration, self.links, self.facts))
        if problems:
            return [f"problem {p.code} {p.place.receipt}" for p in problems]
        return ["journal", *journal_lines(post(self.declaration, self.links))]


def journal_lines(journal: Journal) -> list[str]:
    """The lines of a journal and both totals, in columns."""
    rows = []
    for line in journal.lines:
        vat = f"{line.vat_code}: {line.vat_amount.to_decimal():,.2f}" if line.vat_amount else ""
        amount = f"{line.amount.to_decimal():,.2f}"
        rows.append(
            f"  {line.side.value} {line.gl_code:<6}{amount:>12}{vat:>14}   {line.description}"
        )
    both = f"{journal.debit.to_decimal():,.2f}", f"{journal.credit.to_decimal():,.2f}"
    return [*rows, f"  both sides {both[0]} = {both[1]}"]


def read_case(path: Path) -> DayCase:
    """The case in a file; everything before the first keyword is prose."""
    case = DayCase()
    case.rows += read_links((DAYS / "links.txt").read_text(encoding="utf-8"))
    texts = path.read_text(encoding="utf-8").splitlines()
    for index, text in enumerate(texts):
        words = text.split()
        if not words:
            continue
        if words[0] in ("journal", "problem"):
            case.expected = [text.rstrip() for text in texts[index:] if text.strip()]
            break
        _read_line(case, words)
    return case


def _read_line(case: DayCase, words: list[str]) -> None:
    match words:
        case ["store", country, currency, step]:
            case.facts = StoreFacts(country, currency, round_half_up(Decimal(step)))
        case ["day", on]:
            case.day = date.fromisoformat(on)
        case ["link", *_]:
            case.rows += read_links(" ".join(words))
        case ["without-links"]:
            case.rows.clear()
        case ["file", path]:
            with (ROOT / path).open("rb") as stream:
                records = list(read_till_file(stream, path))
            case.receipts += [r for r in records if isinstance(r, Receipt)]
        case ["receipt", key, kind, *flags]:
            case.receipts.append(_receipt(case, key, kind, flags))
        case ["line", group, rate, gross, *rest]:
            _add_line(case, group, rate, gross, rest)
        case ["paid", kind, amount, *rest]:
            _add_tender(case, kind, amount, rest)


def _receipt(case: DayCase, key: str, kind: str, flags: list[str]) -> Receipt:
    register, nr = key.split("/")
    own = kind if kind.isdecimal() else ""
    return Receipt(
        store="1", register=register, nr=nr, transaction_type=own, own_type=kind,
        business_date=case.day, written_on=case.day, written_at="12:00:00", lines=(), tenders=(),
        currency=case.facts.currency, voided="voided" in flags, training="training" in flags,
    )  # fmt: skip


def _add_line(case: DayCase, group: str, rate: str, gross: str, rest: list[str]) -> None:
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    whole, percent = Decimal(gross), Decimal(rate.rstrip("%"))
    net = Decimal(options["net"]) if "net" in options else whole / (1 + percent / 100)
    cents, net_cents = round_half_up(whole), round_half_up(net)
    _change(
        case,
        lines=(
            ReceiptLine(
                str(len(case.receipts[-1].lines) + 1), group, "", "", "1", cents, net_cents,
                cents - net_cents, options.get("code", ""), int(percent * 100),
                options.get("gl", ""), options.get("kind", ""),
            ),
        ),
    )  # fmt: skip


def _add_tender(case: DayCase, kind: str, amount: str, rest: list[str]) -> None:
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    currency = options.get("in", case.facts.currency)
    tender = Tender(
        kind, round_half_up(Decimal(amount)), currency, options.get("gl", ""),
        STANDARD.get(kind, ""),
    )  # fmt: skip
    _change(case, tenders=(tender,))


def _change(
    case: DayCase, lines: tuple[ReceiptLine, ...] = (), tenders: tuple[Tender, ...] = ()
) -> None:
    last = case.receipts[-1]
    row = last.to_row()
    row["l"], row["p"] = (*last.lines, *lines), (*last.tenders, *tenders)
    case.receipts[-1] = Receipt.from_row(last.store, row)


def read_links(text: str) -> list[LinkRow]:
    """Lines such as `link group PLANT 9% = 8210` or `link vat 21% = 1500 code 2`."""
    rows = []
    for line in text.splitlines():
        left, _, right = line.removeprefix("link ").partition(" = ")
        words, gl_words = left.split(), right.split()
        if not right:
            continue
        kind, code, *rest = [*words, ""][: max(2, len(words))]
        gl_code = gl_words[0]
        if kind == "vat":
            rows.append(LinkRow(kind, code.rstrip("%"), gl_code, vat=gl_words[2]))
            continue
        rate = next((word.rstrip("%") for word in rest if word.endswith("%")), "")
        sales_type = next((word for word in rest if not word.endswith("%")), "")
        rows.append(LinkRow(kind, code, gl_code, sales_type, rate))
    return rows
