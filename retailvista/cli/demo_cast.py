"""Who plays in the demo: three companies, their stores, files, logins, and decisions that are said.

The test store's file is real and Norwegian: kroner, 25 % and one 15 %, cash to whole kroner. Its
payment types 4000 and 4100 are used and never declared; what they are, nobody can know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from retailvista.companies.models import LICENCE_EXACT, LICENCE_SAGE
from retailvista.config import ROOT

TILL_FILES = ROOT / "demo" / "till-files"
CONNECTOR = 25
EXACT, SAGE = "exact-online", "sage-accounting"


@dataclass(frozen=True, slots=True)
class Link:
    """A ledger link that a person decides on, and why."""

    kind: str
    code: str
    gl: str
    sales_type: str = ""
    vat: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A company of the demo."""

    number: int
    alias: str
    name: str
    country: str
    language: str
    currency: str
    zone: str
    rounding_step: int
    post_from: date
    division: int
    books_user: str
    files: tuple[str, ...]
    links: tuple[Link, ...] = ()
    decisions: tuple[Link, ...] = ()
    provider: str = EXACT
    licence: str = LICENCE_EXACT
    journal_code: str = "91"


GROENHOF = Part(
    number=1,
    alias="groenhof",
    name="Tuincentrum Groenhof",
    country="NL",
    language="nl",
    currency="EUR",
    zone="Europe/Amsterdam",
    rounding_step=5,
    post_from=date(2026, 3, 1),
    division=1000001,
    books_user="boekhouder@groenhof.example",
    files=("groenhof-2026-03-10.xaa", "groenhof-2026-03-11.xaa", "groenhof-2026-03-12.xaa"),
)

_NOBODY_KNOWS = (
    "the till file uses it and does not declare it; booked on 2000 Vraagposten"
    " until a bookkeeper knows what it is"
)
TESTSTORE = Part(
    number=2,
    alias="teststore",
    name="Teststore Norge",
    country="NO",
    language="en",
    currency="NOK",
    zone="Europe/Oslo",
    rounding_step=100,
    post_from=date(2018, 4, 1),
    division=2000001,
    books_user="regnskap@teststore.example",
    files=("teststore-2018-04.xaa",),
    links=(
        *(
            Link("group", code, "8220")
            for code in (
                "328cfe31b8", "0d67298e4d", "92aa284531", "b3579470cd",
                "6f0ee81d80", "12854f6e89", "117c928a6f",
            )
        ),
        Link("vat", "25", "1500", vat="3"),
        Link("vat", "15", "1510", vat="31"),
    ),
    decisions=(
        Link("payment", "4000", "2000", why=_NOBODY_KNOWS),
        Link("payment", "4100", "2000", why=_NOBODY_KNOWS),
    ),
)  # fmt: skip
# The same file once more, for a company that keeps its books in Sage.
SAGE_STORE = Part(
    number=3,
    alias="sagestore",
    name="Teststore with Sage",
    country="NO",
    language="en",
    currency="NOK",
    zone="Europe/Oslo",
    rounding_step=100,
    post_from=date(2018, 4, 1),
    division=589978285,  # made from the id of the business, the same everywhere
    books_user="regnskap@teststore.example",
    files=TESTSTORE.files,
    links=(
        *(Link("group", link.code, "4010") for link in TESTSTORE.links if link.kind == "group"),
        Link("vat", "25", "2200", vat="GB_STANDARD"),
        Link("vat", "15", "2200", vat="GB_STANDARD"),
        Link("payment", "1", "1230"),
        Link("payment", "2", "1210"),
        Link("rounding", "", "7510"),
    ),
    decisions=tuple(
        Link("payment", link.code, "2210", why=link.why.replace("2000 Vraagposten", "2210"))
        for link in TESTSTORE.decisions
    ),
    provider=SAGE,
    licence=LICENCE_SAGE,
    journal_code="JNL",
)
CAST = (GROENHOF, TESTSTORE, SAGE_STORE)
