"""VAT lines that Exact adds to a general journal entry, under every profile."""

from __future__ import annotations

import pytest

from tests.sandbox.visitor import Visitor

# A sale of 100.00 + 9.00, one of 200.00 + 42.01 (the till's own VAT), a refund of 50.00 + 10.50.
SENT = ((-100, "1", -9), (-200, "2", -42.01), (50, "2", 10.5))
TAKINGS = 290.51

STORED = {
    "net-added": [
        ("1210", 290.51, None),
        ("8210", -100.0, "V"),
        ("8220", -200.0, "V"),
        ("8220", 50.0, "V"),
        ("1510", -9.0, "A"),
        ("1500", -42.01, "A"),
        ("1500", 10.5, "A"),
    ],
    "debit-as-purchase": [
        ("1210", 290.51, None),
        ("8210", -100.0, "V"),
        ("8220", -200.0, "V"),
        ("8220", 50.0, "I"),
        ("1510", -9.0, "A"),
        ("1500", -42.01, "A"),
        ("1520", 10.5, "O"),
    ],
    "netted": [
        ("1210", 290.51, None),
        ("8210", -100.0, "V"),
        ("8220", -200.0, "V"),
        ("8220", 50.0, "V"),
        ("1510", -9.0, "A"),
        ("1500", -31.51, "A"),
    ],
}


def lines_of(visitor: Visitor) -> list[dict[str, object]]:
    lines = [visitor.line("1210", TAKINGS)]
    for amount, code, vat in SENT:
        account = "8210" if code == "1" else "8220"
        lines.append(visitor.line(account, amount, VATCode=code, AmountVATFC=vat))
    return lines


@pytest.mark.parametrize("profile", sorted(STORED))
def test_exclusive_codes(visitor: Visitor, profile: str) -> None:
    visitor.admin("profile", name=profile)
    assert visitor.stored(visitor.book(*lines_of(visitor))) == STORED[profile]


def test_an_ignored_amount_shows_in_the_balance(visitor: Visitor) -> None:
    visitor.admin("profile", name="amount-ignored")
    reply = visitor.book(*lines_of(visitor))
    assert "Verschil: EUR 0,01" in reply.says


def test_a_gross_split_does_not_balance_what_was_sent_net(visitor: Visitor) -> None:
    visitor.admin("profile", name="gross-split")
    reply = visitor.book(*lines_of(visitor))
    assert "Verschil: EUR 40,51" in reply.says


@pytest.mark.parametrize("profile", ["net-added", "gross-split", "netted"])
def test_inclusive_codes_split_the_gross(visitor: Visitor, profile: str) -> None:
    visitor.admin("profile", name=profile)
    reply = visitor.book(visitor.line("1210", 121), visitor.line("8220", -121, VATCode="4"))
    assert visitor.stored(reply) == [
        ("1210", 121.0, None),
        ("8220", -100.0, "V"),
        ("1500", -21.0, "A"),
    ]


def test_a_default_code_adds_vat_by_itself(visitor: Visitor) -> None:
    lines = [visitor.line("1210", 121), visitor.line("8000", -100)]
    assert visitor.stored(visitor.book(*lines))[2] == ("1500", -21.0, "A")
    without = [visitor.line("1210", 100), visitor.line("8000", -100)]
    assert len(visitor.stored(visitor.book(*without, JournalCode="92"))) == 2


def test_the_rate_of_the_day(visitor: Visitor) -> None:
    old = [
        visitor.line("1210", 106, Date="2018-12-31"),
        visitor.line("8210", -100, Date="2018-12-31", VATCode="1"),
    ]
    assert visitor.stored(visitor.book(*old))[2] == ("1510", -6.0, "A")
    new = [
        visitor.line("1210", 109, Date="2019-01-01"),
        visitor.line("8210", -100, Date="2019-01-01", VATCode="1"),
    ]
    assert visitor.stored(visitor.book(*new))[2] == ("1510", -9.0, "A")


@pytest.mark.parametrize(("code", "basis"), [("0", "S"), ("20", "V"), ("6", "V")])
def test_codes_without_vat(visitor: Visitor, code: str, basis: str) -> None:
    reply = visitor.book(visitor.line("1210", 5), visitor.line("8210", -5, VATCode=code))
    assert visitor.stored(reply) == [("1210", 5.0, None), ("8210", -5.0, basis)]


def test_the_base_is_kept_beside_the_vat(visitor: Visitor) -> None:
    reply = visitor.book(*lines_of(visitor))
    entry = reply.json["d"]["EntryID"]
    rows = visitor.get(
        "financialtransaction/TransactionLines", filter=f"EntryID eq guid'{entry}'"
    ).rows
    found = {
        (row["GLAccountCode"], row["AmountFC"]): (row["AmountVATFC"], row["AmountVATBaseFC"])
        for row in rows
    }
    assert found["8220", -200.0] == (-42.01, -200.0)
    assert found["1500", -42.01] == (0.0, -200.0)
    assert {row["VATCode"] for row in rows if row["VATCode"]} == {"1  ", "2  "}
