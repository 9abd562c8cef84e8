"""What a feed answers: documents, rows, pages, formats, versions, refusals.

The rules are those of OData 4.01 Part 1 and JSON Format 4.01; see also test_conformance.py.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.feed.program import ALL

JSON_40 = "application/json;odata.metadata=minimal"


def test_the_service_document_lists_the_tables(program):
    found = program.get()
    assert found["@odata.context"] == f"{program.root}/$metadata"
    assert [entry["name"] for entry in found["value"]] == sorted(ALL)
    assert {entry["kind"] for entry in found["value"]} == {"EntitySet"}
    assert program.send(f"/odata/{program.feed}").get_json() == program.send().get_json()


def test_rows_are_exact(program):
    rows = program.rows("Journals")
    assert len(rows) == 1
    assert rows[0]["Debit"] == rows[0]["Credit"]
    assert isinstance(rows[0]["Debit"], Decimal)
    lines = program.rows("JournalLines", filter="JournalNumber eq 1")
    assert sum(line["Amount"] for line in lines if line["Side"] == "D") == rows[0]["Debit"]
    assert sum(line["Net"] for line in lines) == 0
    assert {line["BusinessDate"] for line in lines} == {rows[0]["BusinessDate"]}
    date.fromisoformat(rows[0]["BusinessDate"])


def test_sums_of_receipts_and_of_vat_come_out_at_the_journal(program):
    """Voided receipts and practice are told apart; refunds lower the VAT."""
    receipts = program.rows("Receipts", filter="JournalNumber eq 1")
    counting = program.rows("Receipts", filter="JournalNumber eq 1 and not (Voided or Training)")
    assert counting == [row for row in receipts if not (row["Voided"] or row["Training"])]
    assert {(row["Voided"], row["Training"]) for row in receipts} == {
        (False, False), (True, False), (False, True),
    }  # fmt: skip
    assert len(counting) == program.rows("Journals")[0]["ReceiptCount"]
    assert {row["TransactionType"] for row in receipts} == {"11001", "11005", "11008", "11010"}
    lines = program.rows("JournalLines", filter="JournalNumber eq 1")
    vat = sum(line["Net"] for line in lines if line["IsVat"])
    assert sum(line["VatNet"] for line in lines) == vat == Decimal("-1087.50")


def test_pages_make_the_whole(program):
    whole = program.get("Receipts?$orderby=Total desc,Nr")["value"]
    assert len(whole) > 30
    paged, link, pages = [], "Receipts?$orderby=Total%20desc,Nr&$count=true", 0
    while link:
        answer = program.send(link, Prefer="odata.maxpagesize=7")
        assert answer.headers["Preference-Applied"] == "odata.maxpagesize=7"
        found = answer.get_json()
        assert found["@odata.count"] == len(whole)
        assert 0 < len(found["value"]) <= 7
        paged += [row["Id"] for row in found["value"]]
        link = found.get("@odata.nextLink", "").removeprefix(f"http://{program.host}")
        pages += 1
    assert paged == [row["Id"] for row in whole]
    assert pages == -(-len(whole) // 7)


def test_top_and_skip_hold_over_pages(program):
    whole = [row["Id"] for row in program.rows("Receipts")]
    found = program.send("Receipts?$top=9&$skip=3", Prefer="maxpagesize=5").get_json()
    first, link = found["value"], found["@odata.nextLink"].removeprefix(f"http://{program.host}")
    second = program.send(link, Prefer="maxpagesize=5").get_json()
    assert "@odata.nextLink" not in second
    assert [row["Id"] for row in first + second["value"]] == whole[3:12]
    assert program.get("Receipts?$top=0")["value"] == []


def test_counts(program):
    whole = program.rows("JournalLines")
    assert program.send("JournalLines/$count").text == str(len(whole))
    debits = sum(1 for line in whole if line["Side"] == "D")
    assert program.send("JournalLines/$count?$filter=Side%20eq%20'D'").text == str(debits)
    found = program.get("JournalLines?$count=true&$top=1&$filter=Side eq 'D'")
    assert found["@odata.count"] == debits
    assert (
        program.get("JournalLines?$count=true&$filter=tolower(Side) eq 'd'")["@odata.count"]
        == debits
    )


def test_a_row_a_property_a_value(program):
    row = program.get("Journals(1)")
    assert row["@odata.context"].endswith("#Journals/$entity")
    assert program.get("Journals(Number=1)") == row
    assert program.get("Journals(@n)?@n=1") == row
    found = program.get("Journals(1)/Debit")
    assert found["value"] == row["Debit"]
    assert found["@odata.context"].endswith("#Journals(1)/Debit")
    raw = program.send("Journals(1)/Debit/$value")
    assert (raw.text, raw.mimetype) == (str(row["Debit"]), "text/plain")
    assert program.send("Journals(1)/ReleasedAt").status_code == 204
    line = program.rows("JournalLines")[0]
    assert program.get(f"JournalLines('{line['Id']}')")["Nr"] == line["Nr"]
    for missing in ("Journals(99)", "Journals(1)/Nothing", "Nothing", "Journals(1)/Debit/x"):
        assert program.send(missing).status_code == 404, missing


def test_ways_lead_to_relatives(program):
    lines = program.get("Journals(1)/Lines")
    assert lines["@odata.context"].endswith("#JournalLines")
    assert len(lines["value"]) == int(program.send("Journals(1)/Lines/$count").text) > 3
    one = lines["value"][0]["Id"]
    assert program.get(f"Journals(1)/Lines('{one}')/Journal/Number")["value"] == 1
    assert program.send("Journals(1)/Reverses").status_code == 204
    assert program.send("Journals(99)/Lines").status_code == 404
    assert program.send("Journals(1)/Lines('9-9')").status_code == 404


def test_expand(program):
    text = (
        "Journals?$select=Number&$expand=Lines($select=Nr,Amount;$filter=Side eq 'D';"
        "$orderby=Amount desc;$top=2;$count=true;$expand=Journal($select=Kind)),Reverses"
    )
    row = program.get(text)["value"][0]
    assert set(row) == {"Number", "Lines@odata.count", "Lines", "Reverses"}
    assert len(row["Lines"]) == 2 < row["Lines@odata.count"]
    assert row["Lines"][0]["Amount"] >= row["Lines"][1]["Amount"]
    assert row["Lines"][0]["Journal"] == {"Kind": "day"}
    assert row["Reverses"] is None
    context = program.get(text)["@odata.context"]
    assert context.endswith("#Journals(Number,Lines(Nr,Amount,Journal(Kind)),Reverses())")


def test_any_and_all_over_relatives(program):
    some = program.rows("Journals", filter="Lines/any(l:l/Side eq 'D' and l/Amount gt 1)")
    assert len(some) == 1
    assert program.rows("Journals", filter="Lines/all(l:l/Side eq 'D')") == []
    assert program.rows("Journals", filter="Lines/any(l:tolower(l/Side) eq 'd')") == some
    assert program.rows("JournalLines", filter="Journal/Kind ne 'day'") == []


FORMATS = [
    ({}, JSON_40, "4.0"),
    ({"Accept": "application/json"}, JSON_40, "4.0"),
    ({"Accept": "*/*;q=0.1"}, JSON_40, "4.0"),
    (
        {"Accept": "application/json;odata.metadata=full"},
        "application/json;odata.metadata=full", "4.0",
    ),
    ({"Accept": "application/json;metadata=none"}, "application/json;odata.metadata=none", "4.0"),
    ({"OData_MaxVersion": "4.01"}, "application/json;metadata=minimal", "4.01"),
    ({"OData_MaxVersion": "5.0"}, "application/json;metadata=minimal", "4.01"),
    ({"OData_MaxVersion": "4.0"}, JSON_40, "4.0"),
    (
        {"Accept": "application/json;IEEE754Compatible=true"},
        f"{JSON_40};IEEE754Compatible=true", "4.0",
    ),
    ({"Accept": "application/json;charset=utf-8"}, f"{JSON_40};charset=utf-8", "4.0"),
    (
        {"Accept": "application/json;odata=verbose,application/json;odata.metadata=none;q=0.5"},
        "application/json;odata.metadata=none", "4.0",
    ),
    (
        {
            # What Excel and Power BI send.
            "Accept": "application/json;odata.metadata=minimal;q=1.0,application/json;odata="
            "minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,"
            "application/xml;q=0.7,text/plain;q=0.7",
            "OData_MaxVersion": "4.0", "MaxDataServiceVersion": "3.0",
        },
        JSON_40, "4.0",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "content_type", "version"), FORMATS)
def test_formats_and_versions(program, headers, content_type, version):
    for path in ("", "Journals", "Journals(1)", "Journals(1)/Number"):
        answer = program.send(path, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == content_type
        assert answer.headers.getlist("OData-Version") == [version]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("Journals", {"Accept": "application/atom+xml"}, 406),
        ("Journals", {"Accept": "application/json;odata=verbose"}, 406),
        ("Journals", {"Accept": "application/json;q=0"}, 406),
        ("Journals?$format=atom", {}, 406),
        ("$metadata", {"Accept": "application/json"}, 406),
        ("Journals/$count", {"Accept": "application/json"}, 406),
        ("Journals", {"OData_MaxVersion": "3.0"}, 400),
        ("Journals", {"OData_MaxVersion": "four"}, 400),
        ("Journals", {"OData_Version": "3.0"}, 400),
        ("Journals?$filter=Nothing eq 1", {}, 400),
        ("Journals?$top=-1", {}, 400),
        ("Journals?$top=1&$top=2", {}, 400),
        ("Journals?$top=1&top=2", {}, 400),
        ("Journals?$select=Nothing", {}, 400),
        ("Journals?$count=perhaps", {}, 400),
        ("Journals?$skiptoken=x", {}, 400),
        ("Journals(1)?$filter=true", {}, 400),
        ("Journals('1')/Nothing", {}, 404),
        ("Journals(x)", {}, 400),
        ("Journals?$search=x", {}, 501),
        ("Journals?$apply=x", {}, 501),
        ("Journals?$compute=x", {}, 501),
        ("Journals?$unheard=x", {}, 501),
        ("Journals?$filter=isof(Edm.String)", {}, 501),
        ("Journals?$orderby=tolower(Kind)", {}, 501),
        ("$batch", {}, 501),
        ("$entity", {}, 501),
        ("Journals(1)/$ref", {}, 501),
    ],
)
def test_what_cannot_be_done_is_said(program, path, headers, status):
    answer = program.send(path, **headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["OData-Version"] in ("4.0", "4.01")
    error = answer.get_json()["error"]
    assert error["code"]
    assert error["message"]
    assert "@odata.context" not in answer.get_json()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_feed_is_for_reading(program, method):
    answer = program.send("Journals(1)", method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.get_json()["error"]["code"] == "MethodNotAllowed"


def test_head_has_headers_alone(program):
    answer = program.send("Journals", "HEAD")
    assert answer.status_code == 200
    assert answer.get_data() == b""
    assert answer.headers["Content-Type"] == JSON_40


def test_options_are_known_in_every_spelling(program):
    expected = program.get("JournalLines?$filter=Side eq 'D'&$select=Nr&$top=2")["value"]
    for query in (
        "filter=Side eq 'D'&select=Nr&top=2",
        "%24filter=Side+eq+'D'&%24select=Nr&%24TOP=2",
        "$Filter=Side%20EQ%20%27D%27&$select=Nr&$top=2&custom=x&foo[]=1",
        "$filter=Side eq @s&$select=Nr&$top=2&@s='D'",
    ):
        assert program.get(f"JournalLines?{query}")["value"] == expected, query


def test_metadata_of_a_row_in_full_and_none(program):
    full = program.get("Journals(1)?$format=application/json;odata.metadata=full")
    assert full["@odata.type"] == "#RetailVista.Journals"
    assert full["@odata.id"] == "Journals(1)"
    assert full["Debit@odata.type"] == "#Decimal"
    assert full["BusinessDate@odata.type"] == "#Date"
    assert full["Lines@odata.navigationLink"] == "Journals(1)/Lines"
    assert "Kind@odata.type" not in full
    none = program.get("Journals(1)?$format=application/json;odata.metadata=none")
    assert not [name for name in none if "@" in name]
    newest = program.get(
        "Journals(1)", OData_MaxVersion="4.01", Accept="application/json;metadata=full"
    )
    assert newest["Debit@type"] == "Decimal"
    assert newest["@context"].endswith("$metadata#Journals/$entity")


def test_numbers_as_texts_when_asked(program):
    row = program.get(
        "Receipts?$top=1&$count=true", Accept="application/json;IEEE754Compatible=true"
    )
    assert isinstance(row["@odata.count"], str)
    assert isinstance(row["value"][0]["Id"], str)
    assert isinstance(row["value"][0]["Total"], str)
    assert isinstance(row["value"][0]["JournalNumber"], int)
