"""What a bookkeeper who counts by hand must not be told wrongly."""

from __future__ import annotations

from datetime import date

from retailvista.journals.links import set_link
from retailvista.journals.preview import Preview, preview
from retailvista.journals.releasing import ReleaseResult, release
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
