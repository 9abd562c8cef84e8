"""What is sent for a journal, what the books must hold afterwards, and what differs.

Invariants: signed minor units, debit + and credit -. Net or gross follows the type of the VAT code
(E exclusive, I inclusive), never a switch of ours; what is sent always balances. Verified means:
own lines one by one, VAT per code and direction, and the net movement per G/L account - the books
may net the VAT lines they make, so those are not compared one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from retailvista.ledger.findings import vat_code_unfit
from retailvista.ledger.journal import Journal, Line
from retailvista.ledger.problem import Place, Problem

EXACT = "exact"  # the books make the VAT lines
OWN = "own"  # we send the VAT lines, without codes
MODES = frozenset({EXACT, OWN})

K = TypeVar("K")

TO_PAY = "pay"
TO_CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class VatCodeFacts:
    """A VAT code as the books have it: E exclusive, I inclusive, N none, B base only."""

    code: str
    type: str
    percent_bp: int
    gl_to_pay: str = ""
    gl_to_claim: str = ""

    def __post_init__(self) -> None:
        if self.type not in {"E", "I", "N", "B"}:
            raise ValueError(f"VAT code {self.code} has an unknown type {self.type!r}")


class SentLine(NamedTuple):
    """One line of the payload."""

    nr: int
    gl_code: str
    description: str
    amount: int
    vat_code: str = ""
    vat: int = 0
    cost_centre: str = ""


class StoredLine(NamedTuple):
    """One line in the books; `direction` says whether its VAT is to pay or to claim."""

    gl_code: str
    amount: int
    vat_code: str = ""
    vat: int = 0
    direction: str = ""
    is_vat: bool = False


class Difference(NamedTuple):
    """Expected is not found: `what` is own_line, vat or net; `place` names line, code, account."""

    what: str
    place: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class ExpectedStored:
    """The entry that the books must hold."""

    own: tuple[StoredLine, ...]
    net_by_gl: Mapping[str, int]
    vat: Mapping[tuple[str, str], int]

    def to_json(self) -> dict[str, Any]:
        return {
            "own": [list(line) for line in self.own],
            "net": dict(sorted(self.net_by_gl.items())),
            "vat": [[*key, minor] for key, minor in sorted(self.vat.items())],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ExpectedStored:
        return cls(
            own=tuple(StoredLine(*line) for line in data["own"]),
            net_by_gl=dict(data["net"]),
            vat={(code, direction): minor for code, direction, minor in data["vat"]},
        )


def check_vat_codes(journal: Journal, facts: Mapping[str, VatCodeFacts]) -> list[Problem]:
    """VAT codes the books do not have, or that cannot carry the VAT of the journal."""
    found: dict[str, Problem] = {}
    for line in journal.own_lines():
        if not line.vat_code or line.vat_code in found:
            continue
        fact = facts.get(line.vat_code)
        why = _unfit(line, fact)
        if why:
            found[line.vat_code] = vat_code_unfit(Place(line=str(line.nr)), line.vat_code, why)
    return list(found.values())


def _unfit(line: Line, fact: VatCodeFacts | None) -> tuple[str, str] | None:
    if fact is None:
        return "bestaat niet in de administratie", "does not exist in the division"
    if line.signed_vat_minor and fact.type in {"N", "B"}:
        return "kan geen btw-bedrag dragen", "cannot carry a VAT amount"
    if line.signed_vat_minor and not fact.gl_to_pay:
        return "heeft geen rekening voor af te dragen btw", "has no account for VAT to pay"
    return None


def sent_lines(
    journal: Journal, mode: str, facts: Mapping[str, VatCodeFacts]
) -> tuple[SentLine, ...]:
    """The lines to send, debit + and credit -; call `check_vat_codes` first in mode exact."""
    if mode not in MODES:
        raise ValueError(f"VAT mode {mode!r} is not one of {sorted(MODES)}")
    source = journal.lines if mode == OWN else tuple(journal.own_lines())
    lines = tuple(_sent(nr, line, mode, facts) for nr, line in enumerate(source, start=1))
    added = sum(line.vat for line in lines if line.vat_code and facts[line.vat_code].type != "I")
    balance = sum(line.amount for line in lines) + added
    if balance:
        raise AssertionError(f"what would be sent is {balance} out of balance")
    return lines


def _sent(nr: int, line: Line, mode: str, facts: Mapping[str, VatCodeFacts]) -> SentLine:
    amount, code, vat = line.signed_minor, line.vat_code, line.signed_vat_minor
    if mode == OWN or not code:
        return SentLine(nr, line.gl_code, line.description, amount, "", 0, line.cost_centre)
    if facts[code].type == "I":
        amount += vat
    return SentLine(nr, line.gl_code, line.description, amount, code, vat, line.cost_centre)


def expected_stored(
    journal: Journal, mode: str, facts: Mapping[str, VatCodeFacts]
) -> ExpectedStored:
    """What the books must hold of a journal that is sent in this mode."""
    return expected_of(sent_lines(journal, mode, facts), facts)


def expected_of(lines: Iterable[SentLine], facts: Mapping[str, VatCodeFacts]) -> ExpectedStored:
    """Our lines with their net amounts, plus the VAT lines that the books make."""
    own: list[StoredLine] = []
    net: Counter[str] = Counter()
    vat: Counter[tuple[str, str]] = Counter()
    for sent in lines:
        inclusive = sent.vat_code != "" and facts[sent.vat_code].type == "I"
        amount = sent.amount - sent.vat if inclusive else sent.amount
        direction = TO_PAY if sent.vat else ""
        own.append(StoredLine(sent.gl_code, amount, sent.vat_code, sent.vat, direction))
        net[sent.gl_code] += amount
        if sent.vat:
            net[facts[sent.vat_code].gl_to_pay] += sent.vat
            vat[(sent.vat_code, direction)] += sent.vat
    return ExpectedStored(tuple(own), _without_zero(net), _without_zero(vat))


def compare_stored(expected: ExpectedStored, found: Sequence[StoredLine]) -> list[Difference]:
    """Empty = verified. `found` are all lines of the entry as read back."""
    return [
        *_compare_own(expected.own, [line for line in found if not line.is_vat]),
        *_compare_sums("vat", _text_keys(expected.vat), _text_keys(_vat_of(found))),
        *_compare_sums("net", expected.net_by_gl, net_of(found)),
    ]


def compare_answered(
    expected: ExpectedStored, sent: Mapping[str, int], found: Mapping[str, int]
) -> list[Difference]:
    """Totals per account of the lines in an answer; empty = as intended.

    An answer may show the lines as they were sent or as they are stored, and those without or with
    the VAT lines that the books make.
    """
    if found in (sent, net_of(expected.own)):
        return []
    return list(_compare_sums("net", expected.net_by_gl, found))


def net_of(lines: Iterable[StoredLine | SentLine]) -> dict[str, int]:
    """Net movement per G/L code."""
    net: Counter[str] = Counter()
    for line in lines:
        net[line.gl_code] += line.amount
    return _without_zero(net)


def _vat_of(found: Sequence[StoredLine]) -> dict[tuple[str, str], int]:
    """VAT per code and direction: as the own lines say, else as the VAT lines say."""
    own: Counter[tuple[str, str]] = Counter()
    made: Counter[tuple[str, str]] = Counter()
    for line in found:
        if line.is_vat and line.vat_code:
            made[(line.vat_code, line.direction)] += line.amount
        elif line.vat:
            own[(line.vat_code, line.direction)] += line.vat
    return _without_zero(own) or _without_zero(made)


def _compare_own(
    expected: Sequence[StoredLine], found: Sequence[StoredLine]
) -> Iterable[Difference]:
    """One by one, in any order: account, amount and VAT code must be there as often as sent."""
    wanted = Counter((line.gl_code, line.amount, line.vat_code) for line in expected)
    there = Counter((line.gl_code, line.amount, line.vat_code) for line in found)
    for gl_code, amount, code in sorted((wanted - there).elements()):
        yield Difference("own_line", f"{gl_code} {code}".strip(), amount, 0)
    for gl_code, amount, code in sorted((there - wanted).elements()):
        yield Difference("own_line", f"{gl_code} {code}".strip(), 0, amount)


def _compare_sums(
    what: str, expected: Mapping[str, int], found: Mapping[str, int]
) -> Iterable[Difference]:
    for place in sorted(set(expected) | set(found)):
        if expected.get(place, 0) != found.get(place, 0):
            yield Difference(what, place, expected.get(place, 0), found.get(place, 0))


def _text_keys(sums: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {f"{code} {direction}".strip(): minor for (code, direction), minor in sums.items()}


def _without_zero(sums: Mapping[K, int]) -> dict[K, int]:
    return {key: minor for key, minor in sums.items() if minor}
