"""What real till files teach, one rule per test."""

import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from retailvista.journals.intake.recognise import FORMATS
from retailvista.journals.intake.xaa import read_till_file
from retailvista.ledger.declaration import Result, ZReport, control
from retailvista.ledger.receipt import Receipt
from tests.journals.intake.till_file import (
    VAT,
    a_line,
    a_payment,
    a_receipt,
    a_till_file,
    reader,
    the_receipt,
)

ROOT = Path(__file__).parents[3]
REAL = ROOT / "demo/till-files/teststore-2018-04.xaa"
OFFICIAL = ROOT / "tests/data/saft-no-official-example.xml"


def records(path: Path) -> list[Receipt | ZReport]:
    with path.open("rb") as stream:
        return list(read_till_file(stream, path.name))


def receipts_of(path: Path) -> list[Receipt]:
    return [record for record in records(path) if isinstance(record, Receipt)]


def test_the_real_export():
    with REAL.open("rb") as stream:
        file = read_till_file(stream, REAL.name)
        all_records = list(file)
    assert (file.format.code, file.currency, file.country) == ("xaa-3.1", "NOK", "NO")
    assert file.made_at == "2018-11-07T17:11:19.1067969"
    assert file.registers == [("Testfiliaal Noorwegen", "0215/01")]
    assert file.vat_codes["3"] == ("25%", "1")
    assert json.loads(json.dumps(file.facts)) == file.facts
    receipts = [record for record in all_records if isinstance(record, Receipt)]
    counted = [receipt for receipt in receipts if receipt.counts]
    assert (len(receipts), len(counted)) == (88, 67)
    assert sorted({receipt.business_date.day for receipt in counted}) == [19, 20, 24, 25, 26, 30]
    assert {tender.type for r in receipts for tender in r.tenders} == {"1", "2", "4000", "4100"}
    assert {t.type for r in receipts for t in r.tenders if not t.standard} == {"4000", "4100"}
    reports = [record for record in all_records if isinstance(record, ZReport)]
    checks = [check for check in control(receipts, reports) if check.what == "cash_sales"]
    assert len(checks) == 18
    assert {check.result for check in checks} == {Result.PASSED}


def test_the_official_example():
    *receipts, _ = sorted(records(OFFICIAL), key=lambda record: isinstance(record, ZReport))
    assert [(r.nr, r.transaction_type, r.total, r.rounding) for r in receipts] == [
        ("1000", "11001", 8640, 0), ("1001", "11001", 29540, -40), ("1002", "11001", 14880, 0),
        ("1003", "11006", -1640, 0),
    ]  # fmt: skip


def test_reading_twice_gives_the_same_keys_and_rows():
    first, second = receipts_of(REAL), receipts_of(REAL)
    assert [r.to_row() for r in first] == [r.to_row() for r in second]
    assert len({receipt.key for receipt in first}) == 88


@pytest.mark.parametrize("found", FORMATS, ids=lambda found: found.code)
def test_the_three_formats_are_one(found):
    content = OFFICIAL.read_bytes().replace(
        b'xmlns="urn:StandardAuditFile-Taxation-CashRegister:NO"',
        f'xmlns="{found.namespace}"'.encode(),
    )
    file = reader(content)
    assert file.format is found
    assert list(file) == records(OFFICIAL)


def test_a_prefix_on_every_element_changes_nothing():
    plain = a_till_file(a_receipt()).decode()
    head, body = plain.split("\n", 1)
    prefixed = body.replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
    content = f"{head}\n{prefixed.replace('xmlns=', 'xmlns:x=')}".encode()
    assert list(reader(content)) == list(reader(plain.encode()))


def test_a_gzipped_file_is_the_same_file():
    content = REAL.read_bytes()
    assert list(reader(gzip.compress(content, mtime=0))) == records(REAL)


def test_latin_1_is_read():
    content = (
        a_till_file(
            a_receipt(
                body=a_line(more="<cashTransLineDescr>Café</cashTransLineDescr>") + a_payment()
            )
        )
        .decode()
        .replace("UTF-8", "ISO-8859-1")
    )
    (receipt,) = reader(content.encode("latin-1"))
    assert receipt.lines[0].description == "Café"


def test_the_key_is_nr_and_the_business_date_is_the_book_date():
    dates = "<transDate>2026-03-11</transDate><bookDate>2026-03-10</bookDate>"
    more = a_line() + a_payment() + "<receiptNum>1</receiptNum>"
    receipt = the_receipt(a_receipt(date=dates, body=more))
    assert (receipt.key, receipt.reference) == ("K1/7", "")
    assert (receipt.business_date, receipt.written_on) == (date(2026, 3, 10), date(2026, 3, 11))


def test_dates_are_taken_as_written():
    receipt = the_receipt(
        a_receipt(date="<transDate>2026-03-10+14:00</transDate>").replace(
            "12:00:00", "23:59:59.5000000-11:00"
        )
    )
    assert receipt.written == "2026-03-10T23:59:59.5"


@pytest.mark.parametrize(
    ("line", "gross", "net", "vat", "bp"),
    [
        (a_line(vat=""), 1090, 1000, 90, 900),
        (a_line(vat="") + "<vat><vatCode>H</vatCode><vatPerc>9.00</vatPerc><vatAmnt>1</vatAmnt>"
         "</vat>", 1090, 1000, 90, 900),
        (a_line("12.10", "10.00", "<vat><vatAmnt>2.10</vatAmnt></vat>"), 1210, 1000, 210, 2100),
        (a_line("5.00", "5.00", ""), 500, 500, 0, 0),
        (a_line("10.90", "10.01", VAT), 1090, 1000, 90, 900),
    ],
    ids=["no VAT: nearest rate", "rate of the receipt", "no percentage", "no VAT at all",
         "Ex off by a cent: VAT is trusted"],
)  # fmt: skip
def test_where_the_vat_comes_from(line, gross, net, vat, bp):
    receipt = the_receipt(a_receipt(body=line + a_payment()))
    found = receipt.lines[0]
    assert (found.gross, found.net, found.vat, found.vat_bp) == (gross, net, vat, bp)


def test_signs_are_trusted_and_a_positive_debit_is_a_refund():
    back = VAT.replace("0.90", "-0.90")
    debit = "<amntTp>D</amntTp>"
    for line in (a_line("-10.90", "-10.00", back, debit), a_line(vat=VAT, more=debit)):
        receipt = the_receipt(a_receipt("0", line + a_line()))
        assert [(row.gross, row.vat) for row in receipt.lines] == [(-1090, -90), (1090, 90)]
        assert receipt.total == 0
        assert receipt.lines[0].is_refund


def test_a_receipt_without_any_signs_is_turned_round_whole():
    line = a_line(more="<amntTp>D</amntTp>")
    text = a_receipt(body=line + a_payment()).replace(
        "<transDate>", "<amntTp>D</amntTp><transDate>"
    )
    receipt = the_receipt(text)
    assert (receipt.total, receipt.paid, receipt.stated_total) == (-1090, -1090, None)


def test_four_decimals_are_rounded_half_up_per_receipt_and_key():
    vat = "<vat><vatPerc>25</vatPerc><vatAmnt>0.6667</vatAmnt></vat>"
    line = a_line("3.3333", "2.6666", vat)
    receipt = the_receipt(a_receipt("10.00", line * 3 + a_payment("10.00")))
    assert (receipt.total, receipt.vat, receipt.rounding) == (1000, 200, 0)
    assert sorted(row.gross for row in receipt.lines) == [333, 333, 334]


def test_lines_with_two_and_with_four_decimals_go_together():
    fine = a_line("3.3350", "3.0596", "<vat><vatPerc>9</vatPerc><vatAmnt>0.2754</vatAmnt></vat>")
    receipt = the_receipt(a_receipt("14.24", a_line() + fine + a_payment("14.24")))
    assert [(row.gross, row.vat) for row in receipt.lines] == [(1090, 90), (334, 28)]
    assert (receipt.stated_total, receipt.rounding) == (None, 0)


def test_deleted_lines_take_no_part_in_rounding():
    basics = (
        "<basics><basic><basicType>05</basicType><basicID>WEG</basicID>"
        "<basicDesc>Deleted line</basicDesc></basic></basics>"
    )
    vat = "<vat><vatPerc>25</vatPerc><vatAmnt>0.6667</vatAmnt></vat>"
    gone = a_line("3.3333", "2.6666", vat).replace("SAL", "WEG")
    live = a_line("3.3333", "2.6666", vat)
    receipt = the_receipt(a_receipt("3.33", gone + live), basics=basics)
    assert [(row.kind, row.gross) for row in receipt.lines] == [("D", 333), ("", 333)]
    assert receipt.total == 333


def test_own_codes_mean_what_the_basics_say_or_what_they_are():
    assert the_receipt(a_receipt(kind="VERKOOP")).transaction_type == "11001"
    assert the_receipt(a_receipt(kind="11006")).transaction_type == "11006"
    for unknown in ("VRIJ", "99999"):
        receipt = the_receipt(a_receipt(kind=unknown))
        assert (receipt.transaction_type, receipt.own_type) == ("", unknown)
    paid = the_receipt(a_receipt(body=a_line() + a_payment(kind="4100"))).tenders[0]
    assert (paid.type, paid.standard) == ("4100", "")


def test_accounts_and_cost_centres_in_the_file():
    line = a_line(more="<costID>KP1</costID><lineAmntInAccID>8111</lineAmntInAccID>")
    paid = a_payment(more="<curCode>USD</curCode><accID>1211</accID>")
    rounding = "<rounding><roundingAmnt>0</roundingAmnt><accID>9412</accID></rounding>"
    receipt = the_receipt(a_receipt(body=line + rounding + paid))
    assert (receipt.lines[0].gl_code, receipt.lines[0].cost_centre) == ("8111", "KP1")
    assert (receipt.tenders[0].gl_code, receipt.tenders[0].currency) == ("1211", "USD")
    assert receipt.rounding_gl == "9412"


def test_the_group_of_a_line_may_stand_with_the_article():
    articles = (
        "<articles><article><artID>A1</artID><artGroupID>HARDWARE</artGroupID></article></articles>"
    )
    line = a_line(more="<artID>A1</artID>").replace("<artGroupID>PLANT</artGroupID>", "")
    receipt = the_receipt(a_receipt(body=line + a_payment()), before=articles)
    assert receipt.lines[0].group == "HARDWARE"


def test_a_receipt_that_only_states_its_total():
    receipt = the_receipt(a_receipt("-60.50", a_payment("-60.50"), kind="11010", net="-60.50"))
    assert [(row.group, row.gross, row.vat) for row in receipt.lines] == [("", -6050, 0)]


def test_a_total_that_is_not_the_sum_of_the_lines_is_kept():
    assert the_receipt(a_receipt("11.00")).stated_total == 1100


def test_comments_cannot_split_an_amount():
    receipt = the_receipt(a_receipt(body=a_line("1<!-- x -->0.<?pi?>90") + a_payment()))
    assert receipt.total == 1090


def test_who_the_receipts_belong_to():
    import io

    content = a_till_file(a_receipt())
    file = read_till_file(
        io.BytesIO(content), "f", store_of=lambda location, register: f"{location}-{register}"
    )
    assert [record.store for record in file] == ["Lisse-K1"]
    assert (file.company, file.registers) == ("Groenhof", [("Lisse", "K1")])


def test_a_file_without_receipts_has_facts_all_the_same():
    file = reader(a_till_file(""))
    assert (list(file), file.currency, file.made_at) == ([], "EUR", "2026-03-11T06:00:00")


def test_only_reports_are_kept_of_the_events():
    event = "<event><eventID>1</eventID><eventType>{}</eventType><eventDate>2026-03-10</eventDate>"
    event += "<eventTime>18:00:00</eventTime>{}</event>"
    report = (
        "<eventReport><reportID>5</reportID><reportTotalCashSales>"
        "<totalCashSaleAmnt>10.90</totalCashSaleAmnt></reportTotalCashSales></eventReport>"
    )
    events = event.format("13005", "") + event.format("13008", report)
    events += event.format("13009", report) + event.format("13009", "")
    found = list(reader(a_till_file("", events=events)))
    assert [(z.kind, z.number, z.cash_sales, z.opening_float) for z in found] == [
        ("X", "5", 1090, None), ("Z", "5", 1090, None),
    ]  # fmt: skip
