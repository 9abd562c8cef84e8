"""The text of a Z or X report, with every element that the schema family demands."""

from __future__ import annotations

from collections import Counter
from xml.sax.saxutils import escape

from retailvista.sandbox.till_lines import RETURN, VAT_CODES, TillReport, money, side


def report_text(report: TillReport, register: str, company: str) -> str:
    """The event with its report."""
    title, event = ("Z report", "ZRAP") if report.kind == "Z" else ("X report", "XRAP")
    return (
        f"<event><eventID>{event}{report.number}</eventID><eventType>{event}</eventType>"
        f"<eventDate>{report.on}</eventDate><eventTime>{report.at}</eventTime>"
        f"<eventReport><reportID>{report.number}</reportID><reportType>{title}</reportType>"
        f"<companyIdent>12345678</companyIdent><companyName>{escape(company)}</companyName>"
        f"<reportDate>{report.on}</reportDate><reportTime>{report.at}</reportTime>"
        f"<registerID>{register}</registerID><reportTotalCashSales><totalCashSaleAmnt>"
        f"{money(report.sales)}</totalCashSaleAmnt></reportTotalCashSales>"
        f"{_groups(report)}{_payments(report)}{_vat(report)}{_counts(report)}"
        "</eventReport></event>\n"
    )


def _groups(report: TillReport) -> str:
    amounts: Counter[str] = Counter()
    for line in report.lines():
        amounts[line.group] += line.gross
    rows = "".join(
        f"<reportArtGroup><artGroupID>{group}</artGroupID><artGroupNum>1</artGroupNum>"
        f"<artGroupAmnt>{money(amount)}</artGroupAmnt></reportArtGroup>"
        for group, amount in sorted(amounts.items())
    )
    return f"<reportArtGroups>{rows}</reportArtGroups>"


def _payments(report: TillReport) -> str:
    amounts: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for receipt in report.sold:
        for code, amount in receipt.payments:
            amounts[code] += amount
            numbers[code] += 1
    rows = "".join(
        f"<reportPayment><paymentType>{code}</paymentType>"
        f"<paymentNum>{numbers[code]}</paymentNum>"
        f"<paymentAmnt>{money(amount)}</paymentAmnt></reportPayment>"
        for code, amount in sorted(amounts.items())
    )
    return f"<reportPayments>{rows}</reportPayments>"


def _vat(report: TillReport) -> str:
    base, vat = Counter(dict.fromkeys(VAT_CODES, 0)), Counter(dict.fromkeys(VAT_CODES, 0))
    for line in report.lines():
        base[line.vat_code] += line.net
        vat[line.vat_code] += line.vat
    rows = "".join(
        f"<reportCashSaleVat><vatCode>{code}</vatCode><vatPerc>{money(percent)}</vatPerc>"
        f"<cashSaleAmnt>{money(base[code])}</cashSaleAmnt><vatAmnt>{money(vat[code])}</vatAmnt>"
        f"<vatAmntTp>{side(vat[code])}</vatAmntTp></reportCashSaleVat>"
        for code, percent in VAT_CODES.items()
    )
    return f"<reportCashSalesVat>{rows}</reportCashSalesVat>"


def _counts(report: TillReport) -> str:
    back = [line.gross for line in report.lines() if line.kind == RETURN]
    off = [line.discount for line in report.lines() if line.discount]
    void = [receipt.total for receipt in report.receipts if receipt.void]
    training = [receipt.total for receipt in report.receipts if receipt.training]
    grand = report.grand_total + report.sales

    def pair(what: str, amounts: list[int]) -> str:
        return (
            f"<report{what}Num>{len(amounts)}</report{what}Num>"
            f"<report{what}Amnt>{money(sum(amounts))}</report{what}Amnt>"
        )

    return (
        f"<reportOpeningChangeFloat>{money(report.opening_float)}</reportOpeningChangeFloat>"
        f"<reportReceiptNum>{len(report.sold)}</reportReceiptNum>"
        f"<reportOpenCashBoxNum>{len(report.sold)}</reportOpenCashBoxNum>"
        f"{pair('ReceiptCopy', [])}{pair('ReceiptProforma', [])}"
        f"{pair('Return', [-amount for amount in back])}{pair('Discount', off)}"
        f"{pair('VoidTrans', void)}"
        "<reportCorrLines><reportCorrLine><corrLineType>None</corrLineType>"
        "<corrLineNum>0</corrLineNum><corrLineAmnt>0.00</corrLineAmnt></reportCorrLine>"
        "</reportCorrLines><reportPriceInquiries><reportPriceInquiry><priceInquiryGroup>None"
        "</priceInquiryGroup><priceInquiryNum>0</priceInquiryNum><priceInquiryAmnt>0.00"
        "</priceInquiryAmnt></reportPriceInquiry></reportPriceInquiries><reportOtherCorrs>"
        "<reportOtherCorr><otherCorrType>None</otherCorrType><otherCorrNum>0</otherCorrNum>"
        "<otherCorrAmnt>0.00</otherCorrAmnt></reportOtherCorr></reportOtherCorrs>"
        f"{pair('ReceiptDelivery', [])}{pair('Training', training)}"
        f"<reportGrandTotalSales>{money(grand - sum(back))}</reportGrandTotalSales>"
        f"<reportGrandTotalReturn>{money(-sum(back))}</reportGrandTotalReturn>"
        f"<reportGrandTotalSalesNet>{money(grand)}</reportGrandTotalSalesNet>"
    )
