"""Findings as a Dutch bookkeeper reads them: amounts with a comma, the rate named, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailvista.ledger.checks import check
from retailvista.ledger.problem import Problem
from tests.ledger.day_case import read_case


def found(folder: Path, text: str) -> list[Problem]:
    path = folder / "case.txt"
    path.write_text(text, encoding="utf-8")
    case = read_case(path)
    return check(case.declaration, case.links, case.facts)


@pytest.mark.parametrize(
    ("receipt", "said"),
    [
        ("line PLANT 9% 10.92\n paid CASH 10.95",
         "Verschil 0,03 is groter dan de helft van de afronding (0,025)."),
        ("line PLANT 9% 21.83\n paid PIN 21.85",
         "Betaald 21,85 is niet gelijk aan het totaal 21,83."),
    ],
)  # fmt: skip
def test_amounts_have_a_comma_in_dutch_and_a_point_in_english(
    tmp_path: Path, receipt: str, said: str
) -> None:
    (problem,) = found(tmp_path, f"receipt K1/1 11001\n {receipt}\n")
    assert problem.message_nl == said
    assert "," not in problem.message_en


def test_an_unlinked_rate_of_a_linked_group_is_named_and_so_is_that_it_has_ended(
    tmp_path: Path,
) -> None:
    """PLANT is linked for 9 %; a sale at 6 % is wrong for two reasons, told together."""
    told = found(tmp_path, "receipt K1/1 11001\n line PLANT 6% 10.60\n paid PIN 10.60\n")
    messages = [problem.message_nl for problem in told]
    assert "Btw-tarief 6 % geldt op deze dag niet in NL." in messages
    assert any("btw 6 %" in message.lower() for message in messages)


def test_three_kinds_of_zero_are_told_apart_where_the_link_is_asked_for(tmp_path: Path) -> None:
    (problem,) = found(
        tmp_path,
        "link group PLANT 0% = 8210\nreceipt K1/1 11001\n line PLANT 0% 15.00\n paid PIN 15.00\n",
    )
    assert "0 %-tarief, vrijgesteld en geen btw" in problem.remedy_nl


def test_an_unknown_group_is_named_with_its_rate(tmp_path: Path) -> None:
    (problem,) = found(tmp_path, "receipt K1/1 11001\n line BOEKEN 9% 10.90\n paid PIN 10.90\n")
    assert problem.message_nl == "Kassagroep 'BOEKEN' met btw 9 % heeft geen grootboekrekening."
