"""What a bookkeeper who counts by hand must not be told wrongly."""

from __future__ import annotations

from datetime import date

from retailvista.journals.control import control
from retailvista.journals.links import set_link
from retailvista.journals.preview import Preview, preview
from retailvista.journals.releasing import ReleaseResult, release
from retailvista.web import words
from tests.journals.shop import GROENHOF, Shop, receipt, till_file
from tests.stage import Stage

Z_REPORT = """<event><eventID>Z1</eventID><eventType>13009</eventType>
<eventDate>2026-03-10</eventDate><eventTime>18:05:00</eventTime><eventReport>
<reportID>1</reportID><reportType>Z report</reportType><reportDate>2026-03-10</reportDate>
<reportTime>18:05:00</reportTime><registerID>K1</registerID>
<reportTotalCashSales><totalCashSaleAmnt>{total}</totalCashSaleAmnt></reportTotalCashSales>
</eventReport></event>"""


def seen(shop: Shop, sequence: int) -> Preview:
    found = shop.see(preview, sequence)
    assert isinstance(found, Preview)
    return found


def z_control(shop: Shop, sequence: int) -> list[tuple[str, int | None, int | None]]:
    checks = seen(shop, sequence).checks
    return [(c.result, c.expected, c.found) for c in checks if c.what == "cash_sales"]


def exported(stage: Stage) -> Shop:
    """10 March in the books: one receipt of 10.90, and a Z report of two such receipts."""
    shop = Shop(stage.sessions, stage.company_id)
    shop.link()
    shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,9,8210\n")
    shop.read(till_file(Z_REPORT.format(total="21.80"), receipt(1)))
    shop.build()
    stage.release()
    stage.export(until_idle=True)
    assert [row.state for row in shop.journals()] == ["verified"]
    return shop


def test_a_late_receipt_is_controlled_with_the_whole_day(stage: Stage) -> None:
    """The Z report counts both receipts; the late one alone is no difference of 10.90."""
    shop = exported(stage)
    assert z_control(shop, 1) == [("unknown", 2180, 1090)]
    shop.read(till_file(receipt(1), receipt(2, at="17:00:00")))
    (late,) = shop.build().built
    assert (late.kind, late.debit) == ("late", 1090)
    assert z_control(shop, late.sequence) == [("passed", 2180, 2180)]


def test_a_rate_under_the_vat_code_of_another_rate_is_not_sent(stage: Stage) -> None:
    """21 % under code 1 (9 %) would balance, and fill the wrong box of the VAT return."""
    shop = Shop(stage.sessions, stage.company_id)
    shop.read(GROENHOF[0])
    shop.link()
    shop.do(set_link, "vat", "21", "", "1", "1500", "tester")
    shop.build()
    (problem,) = seen(shop, 1).problems
    assert problem.message_nl == "Btw-code 1 is 9 % in de administratie, de regel is 21 %."
    result = shop.do(release, [1], "tester")
    assert isinstance(result, ReleaseResult)
    assert "Btw-code 1 is 9 %" in result.refused[0].reason


def test_a_refund_keeps_the_rate_that_its_vat_code_had_before(stage: Stage) -> None:
    """6 % became 9 % under the same code; the refund of an old sale goes out at 6 %."""
    shop = Shop(stage.sessions, stage.company_id)
    shop.link()
    shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,6,8210\nvat,6,1,1510\n")
    refund = receipt(1, cents=1090).replace(">9<", ">6<")
    for old, new in (("10.90", "-10.60"), ("10.00", "-10.00"), ("0.90", "-0.60")):
        refund = refund.replace(f">{old}<", f">{new}<")
    shop.read(till_file(refund))
    (built,) = shop.build().built
    assert built.business_date == date(2026, 3, 10)
    assert seen(shop, 1).problems == ()


def test_what_was_changed_by_hand_is_named_with_its_journal(stage: Stage) -> None:
    """An account and a VAT code changed in the books, and an entry deleted there."""
    shop = Shop(stage.sessions, stage.company_id)
    for file in GROENHOF:
        shop.read(file, name=file.name)
    shop.link()
    shop.build()
    stage.release()
    stage.export(until_idle=True)
    with stage.sandbox.store.transaction() as books:
        books.execute(
            "UPDATE line SET GLAccountCode = '9411' WHERE EntryNumber = 26000003"
            " AND GLAccountCode = '2000'"
        )
        books.execute(
            "UPDATE line SET VATCode = '3' WHERE EntryNumber = 26000002 AND VATType = 'V'"
            " AND GLAccountCode = '8230'"
        )
        for table in ("line", "entry"):
            books.execute(f"DELETE FROM {table} WHERE EntryNumber = 26000001")  # noqa: S608
    days = date(2026, 3, 10), date(2026, 3, 12)
    found = control(stage.outside, stage.company_id, *days).differences
    assert [(d.on.day, d.kind, d.journal) for d in found] == [
        (10, "missing", 1), (11, "changed", 2), (12, "changed", 3),
    ]  # fmt: skip
    dutch = words.translated
    assert dutch(found[0].text) == "Boekstuk 26000001 staat niet in de boekhouding."
    assert dutch(found[1].text).startswith(
        "Regel op rekening 8230 met btw-code 1: -302,69 verzonden, 0,00 in de boekhouding."
    )
    to_pay = "Af te dragen btw onder code 3: 0,00 verzonden, -27,26 in de boekhouding."
    assert to_pay in dutch(found[1].text)
    assert dutch(found[2].text) == (
        "Regel op rekening 2000: 36,75 verzonden, 0,00 in de boekhouding."
        " Regel op rekening 9411: 0,00 verzonden, 36,75 in de boekhouding."
        " Rekening 2000 in totaal: 36,75 verzonden, 0,00 in de boekhouding."
        " Rekening 9411 in totaal: -0,05 verzonden, 36,70 in de boekhouding."
    )
