"""The standard's own lists of what a service must do, one row each: OData 4.01 Part 1, chapter 13.

4.0 Minimal and Intermediate, the items of 4.0 Advanced that a feed has, 4.01 Minimal and
Intermediate. What is not offered is refused with 501, which is a row as well. The table of
docs/feeds.md has the same rows.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import create_engine

from retailvista import db
from tests.conftest import TestClock
from tests.feed.conftest import filled_file
from tests.feed.program import ALL, Program, make_program
from tests.web.site import build

Check = Callable[[Program], Any]
XMLNS = "{http://docs.oasis-open.org/odata/ns/edm}"


def status(path: str, **headers: str) -> Callable[[Program], int]:
    return lambda program: program.send(path, **headers).status_code


def value(path: str, **headers: str) -> Callable[[Program], Any]:
    return lambda program: program.get(path, **headers)["value"]


def header(path: str, name: str, **headers: str) -> Callable[[Program], str]:
    return lambda program: program.send(path, **headers).headers[name]


def same(one: str, other: str, **headers: str) -> Callable[[Program], bool]:
    """Two ways of asking, one answer, and not an empty one."""

    def compare(program: Program) -> bool:
        first, second = (program.get(path, **headers)["value"] for path in (one, other))
        return first == second and bool(first)

    return compare


def partial_list(program: Program) -> bool:
    found = program.send("Receipts", Prefer="odata.maxpagesize=10").get_json()
    return len(found["value"]) == 10 and found["@odata.nextLink"].startswith(program.root)


def only_known_types(program: Program) -> bool:
    document = etree.fromstring(program.send("$metadata").get_data())
    kinds = {p.get("Type") for p in document.iter(f"{XMLNS}Property")}
    return kinds <= {
        "Edm.String", "Edm.Int32", "Edm.Int64", "Edm.Decimal", "Edm.Boolean", "Edm.Date",
        "Edm.DateTimeOffset",
    }  # fmt: skip


def names_of_metadata(program: Program) -> bool:
    document = etree.fromstring(program.send("$metadata").get_data())
    kind = next(k for k in document.iter(f"{XMLNS}EntityType") if k.get("Name") == "Journals")
    names = [p.get("Name") for p in kind.findall(f"{XMLNS}Property")]
    return list(program.get("journals(1)".replace("j", "J"))) == ["@odata.context", *names]


D = "$filter=Side eq 'D'"
ROWS: list[tuple[str, str, Check, Any]] = [
    ("4.0 Minimal", "1 service document", lambda p: len(p.get()["value"]), len(ALL)),
    ("4.0 Minimal", "2 JSON", header("Journals", "Content-Type"),
     "application/json;odata.metadata=minimal"),
    ("4.0 Minimal", "3 server-driven paging by nextLink", partial_list, True),
    ("4.0 Minimal", "4 OData-Version on every answer", header("", "OData-Version"), "4.0"),
    ("4.0 Minimal", "4 OData-Version on an error", header("Nothing", "OData-Version"), "4.0"),
    ("4.0 Minimal", "5 Accept is honoured", status("Journals", Accept="text/html"), 406),
    ("4.0 Minimal", "5 so is MaxVersion", header("", "OData-Version", OData_MaxVersion="4.01"),
     "4.01"),
    ("4.0 Minimal", "5 or the request fails", status("", OData_MaxVersion="3.0"), 400),
    ("4.0 Minimal", "6 unknown options fail", status("Journals?$nothing=1"), 501),
    ("4.0 Minimal", "6 an option that is not offered", status("Journals?$search=x"), 501),
    ("4.0 Minimal", "7 types of CSDL alone", only_known_types, True),
    ("4.0 Minimal", "8 foreign options are left alone", status("Journals?custom=1"), 200),
    ("4.0 Minimal", "9 foreign headers are left alone", status("Journals", X_Custom="1"), 200),
    ("4.0 Minimal", "10 prefixed preferences",
     header("Runs", "Preference-Applied", Prefer="odata.maxpagesize=3"), "odata.maxpagesize=3"),
    ("4.0 Minimal", "11 duration with prefix",
     status("Runs?$filter=AskedAt gt 2026-03-14T09:00:00Z sub duration'P1D'"), 200),
    ("4.0 Minimal", "SHOULD $metadata", status("$metadata"), 200),
    ("4.0 Minimal", "SHOULD $expand", status("Journals?$expand=Lines"), 200),
    ("4.0 Minimal", "what changes no row is left alone",
     header("Runs", "OData-Version", Prefer="respond-async, wait=5, odata.track-changes, x=1"),
     "4.0"),
    ("4.0 Minimal", "a snapshot over requests is refused",
     status("Runs", OData_Isolation="snapshot"), 412),
    ("4.0 Minimal", "the same option twice", status("Runs?$top=1&%24top=1"), 400),
    ("4.0 Minimal", "names and slashes may be percent-encoded",
     same("Journals?$select=Number", "%4Aournals?%24s%65lect=N%75mber"), True),
    ("4.0 Minimal", "a wrong value of an option", status("Runs?$skip=-1"), 400),
    ("4.0 Minimal", "no rows when none are asked for", value("Runs?$top=0"), []),
    ("4.0 Minimal", "no entity tags", lambda p: "ETag" in p.send("Journals(1)").headers, False),
    ("4.0 Minimal", "q-values choose the format", header(
        "Journals", "Content-Type",
        Accept="application/json;odata.metadata=none;q=0.2,application/json;odata.metadata=full;q=0.9",
     ), "application/json;odata.metadata=full"),
    ("4.0 Minimal", "$format goes before Accept", header(
        "Journals?$format=application/json;odata.metadata=none", "Content-Type",
        Accept="application/json;odata.metadata=full",
     ), "application/json;odata.metadata=none"),
    ("4.0 Minimal", "writing is refused", lambda p: p.send("Runs", "POST").status_code, 405),
    ("4.0 Minimal", "OPTIONS promises no writing",
     lambda p: p.send("Runs", "OPTIONS").headers["Allow"], "GET, HEAD"),
    ("4.0 Intermediate", "$select", value("Journals?$select=Number"), [{"Number": 1}]),
    ("4.0 Intermediate", "$top", lambda p: len(p.get("Receipts?$top=3")["value"]), 3),
    ("4.0 Intermediate", "/$value", lambda p: p.send("Journals(1)/Kind/$value").text, "day"),
    ("4.0 Intermediate", "$filter eq", value("Journals?$filter=Kind eq 'x'"), []),
    ("4.0 Intermediate", "$filter ne",
     same(f"JournalLines?{D}", "JournalLines?$filter=Side ne 'C'"), True),
    ("4.0 Intermediate", "aliases in $filter",
     same(f"JournalLines?{D}", "JournalLines?$filter=Side eq @s&@s='D'"), True),
    ("4.0 Intermediate", "additional functions fail with 501",
     status("Journals?$filter=geo.length(Kind) eq 1"), 501),
    ("4.0 Intermediate", "SHOULD other operators and functions",
     same(f"JournalLines?{D}", "JournalLines?$filter=startswith(Side,'D') and length(Side) lt 2"),
     True),
    ("4.0 Intermediate", "SHOULD $skip", lambda p: p.get("Receipts?$skip=1&$top=1")["value"]
     == p.get("Receipts?$top=2")["value"][1:], True),
    ("4.0 Intermediate", "SHOULD $count",
     lambda p: p.get("Receipts?$count=true&$top=0")["@odata.count"]
     == int(p.send("Receipts/$count").text), True),
    ("4.0 Intermediate", "SHOULD any and all",
     value("Journals?$filter=Lines/all(l:l/Amount gt 0) and Lines/any()&$select=Number"),
     [{"Number": 1}]),
    ("4.0 Intermediate", "SHOULD $count with $filter",
     lambda p: p.get(f"JournalLines?$count=true&$top=1&{D}")["@odata.count"]
     == int(p.send(f"JournalLines/$count?{D}").text) > 0, True),
    ("4.0 Intermediate", "/$count regards no $top", lambda p: p.send(
        "Receipts/$count?$top=1&$skip=2&$orderby=Nr&$select=Nr").text
     == p.send("Receipts/$count").text, True),
    ("4.0 Intermediate", "SHOULD $expand", lambda p: len(
        p.get("Journals(1)?$expand=Lines,Reverses")["Lines"]) > 3, True),
    ("4.0 Intermediate", "SHOULD $search is not offered", status("Runs?$search=x"), 501),
    ("4.0 Intermediate", "SHOULD $orderby",
     same("Journals(1)/Lines?$orderby=Nr asc", "Journals(1)/Lines?$orderby=Nr"), True),
    ("4.0 Intermediate", "SHOULD /$count on a way", status("Journals(1)/Lines/$count"), 200),
    ("4.0 Intermediate", "SHOULD Basic authentication", status(""), 200),
    ("4.0 Advanced", "$metadata in XML", header("$metadata", "Content-Type"), "application/xml"),
    ("4.0 Advanced", "$orderby falling", lambda p: [
        r["Nr"] for r in p.get("Journals(1)/Lines?$orderby=Nr desc&$top=2")["value"]
    ] == [r["Nr"] for r in p.get("Journals(1)/Lines")["value"]][:-3:-1], True),
    ("4.0 Advanced", "$expand with $filter",
     lambda p: {r["Side"] for r in p.get(f"Journals?$expand=Lines({D})")["value"][0]["Lines"]},
     {"D"}),
    ("4.0 Advanced", "paths over ways", value("Journals(1)/Lines('1-1')/Journal/Kind"), "day"),
    ("4.0 Advanced", "/$count of a filtered way", lambda p: int(
        p.send(f"Journals(1)/Lines/$count?{D}").text) > 0, True),
    ("4.0 Advanced", "$expand with $levels is not offered",
     status("Journals?$expand=Reverses($levels=2)"), 501),
    ("4.0 Advanced", "$expand with references is not offered",
     status("Journals?$expand=Lines/$ref"), 501),
    ("4.0 Advanced", "$batch is not offered",
     lambda p: [p.send("$batch", m).status_code for m in ("GET", "POST")], [501, 501]),
    ("4.0 Advanced", "deltas are not offered", status("Runs?$deltatoken=1"), 501),
    ("4.0 Advanced", "$crossjoin, $all, $entity are not offered",
     lambda p: {p.send(n).status_code for n in ("$all", "$entity", "$crossjoin(Runs,Exports)")},
     {501}),
    ("4.01 Minimal", "options with and without $",
     same(f"JournalLines?{D}&$top=2", f"JournalLines?{D[1:]}&top=2"), True),
    ("4.01 Minimal", "names of options in any case",
     same(f"JournalLines?{D}", "JournalLines?$FILTER=Side eq 'D'"), True),
    ("4.01 Minimal", "operators and functions in any case",
     same(f"JournalLines?{D}", "JournalLines?$filter=Side EQ ToUpper('d')"), True),
    ("4.01 Minimal", "JSON of 4.01", header("Journals", "Content-Type", OData_MaxVersion="4.01"),
     "application/json;metadata=minimal"),
    ("4.01 Minimal", "names of control information in 4.01",
     lambda p: "@context" in p.get("Journals", OData_MaxVersion="4.01"), True),
    ("4.01 Minimal", "names as in $metadata", names_of_metadata, True),
    ("4.01 Minimal", "texts are cast to other types",
     same("Journals?$filter=Number eq 1", "Journals?$filter=Number eq '1'"), True),
    ("4.01 Minimal", "durations as texts",
     status("Runs?$filter=AskedAt sub AskedAt lt 'P1D'"), 200),
    ("4.01 Minimal", "preferences without prefix",
     header("Runs", "Preference-Applied", Prefer="maxpagesize=3"), "maxpagesize=3"),
    ("4.01 Minimal", "formats without prefix",
     header("Journals", "Content-Type", Accept="application/json;metadata=full"),
     "application/json;odata.metadata=full"),
    ("4.01 Minimal", "keys by alias", status("JournalLines(@k)?@k='1-1'"), 200),
    ("4.01 Minimal", "options of the standard without $ are not passed over",
     status("Runs?search=x"), 501),
    ("4.01 Minimal", "a version above ours",
     header("Runs", "OData-Version", OData_MaxVersion="4.02"), "4.01"),
    ("4.01 Minimal", "4.0 for who knows 4.0 alone",
     header("Runs", "OData-Version", OData_MaxVersion="4.0"), "4.0"),
    ("4.01 Minimal", "headers without prefix", status("Runs", Isolation="snapshot"), 412),
    ("4.01 Minimal", "$schemaversion, which is not advertised",
     status("Runs?$schemaversion=1"), 501),
    ("4.01 Minimal", "SHOULD in",
     same(f"JournalLines?{D}", "JournalLines?$filter=Side in ('D','x')"), True),
    ("4.01 Minimal", "SHOULD divby", value("Journals?$filter=Debit divby 2 lt 0"), []),
    ("4.01 Minimal", "SHOULD negative substring",
     same(f"JournalLines?{D}", "JournalLines?$filter=substring(Side,-1) eq 'D'"), True),
    ("4.01 Intermediate", "to-one way eq null",
     value("Journals?$filter=Reverses eq null&$select=Number"), [{"Number": 1}]),
    ("4.01 Intermediate", "to-one way ne null", value("Journals?$filter=Reverses ne null"), []),
    ("4.01 Intermediate", "nested $select",
     lambda p: list(p.get("Journals(1)?$expand=Lines($select=Nr)")["Lines"][0]), ["Nr"]),
    ("4.01 Advanced", "$compute is not offered", status("Runs?$compute=1 as x"), 501),
    ("4.01 Advanced", "$query in a body is not offered",
     lambda p: p.send("Runs/$query", "POST").status_code, 501),
    ("4.01 Advanced", "options in $select are not offered",
     status("Journals?$select=Lines($top=1)"), 501),
    ("4.01 Advanced", "CSDL as JSON is not offered",
     status("$metadata", Accept="application/json"), 406),
]  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Program:
    """One for all rows: they only read."""
    folder = tmp_path_factory.mktemp("conformance")
    shutil.copy(filled_file(), folder / "test.sqlite3")
    engine = create_engine(f"sqlite:///{folder / 'test.sqlite3'}")
    db.tune_engine(engine, TestClock())
    return make_program(build(folder, TestClock(), engine=engine))


@pytest.mark.parametrize(
    ("level", "clause", "check", "expected"), ROWS, ids=[f"{row[0]} {row[1]}"[:60] for row in ROWS]
)
def test_the_standard_asks_for(program, level, clause, check, expected):
    assert check(program) == expected, f"{level}: {clause}"


def test_the_table_of_the_page_has_these_rows():
    page = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (4\.\S+ \w+) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    assert told == [(level, clause, told_of(expected)) for level, clause, _, expected in ROWS]


def told_of(expected: Any) -> str:
    """What the page says of a row: a status that refuses, or that it holds."""
    found = expected if isinstance(expected, (list, set)) else [expected]
    statuses = {each for each in found if isinstance(each, int) and 400 <= each < 600}
    return ", ".join(str(each) for each in sorted(statuses)) or "yes"
