"""What a look at the books showed of an export: absent, ours, or something else; or nothing.

Invariant: a look counts only when it is good and shows an entry that is known to be there (none
known yet: the rights and the journal are proved visible). A blind look is never taken for absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retailvista.connectors.port import Look, StoredEntry
from retailvista.connectors.visits import Visit
from retailvista.errors import RetailVistaError
from retailvista.journals.entries import found_lines
from retailvista.journals.evidence import ExportFacts
from retailvista.journals.ladder import Found
from retailvista.journals.numbering import carries
from retailvista.ledger.stored import Difference, ExpectedStored, compare_stored

WIDEST_RANGE = 100
# One sentence per difference; the screens translate each.
TEXTS = {
    "own_line": "Line on account {0}: {1} sent, {2} stored.",
    "coded_line": "Line on account {0} with VAT code {1}: {2} sent, {3} stored.",
    "pay": "VAT to pay under code {0}: {1} sent, {2} stored.",
    "claim": "VAT to claim under code {0}: {1} sent, {2} stored.",
    "net": "Account {0} in total: {1} sent, {2} stored.",
    "place": "It is in division {0}, journal {1}.",
    "period": "It is in period {0}/{1}.",
    "date": "It is dated {0}.",
    "no_key": "Entry {0} in the books does not carry {1}.",
    "numbers": "In the books as entry {0}.",
    "blind": "The books could not be read: {0}",
    "unanswered": "The books could not be read.",
    "not_shown": "The books could not be read: entry {0}, which was there, is not shown.",
    "no_right": "The books could not be read: no right to read the entries of journal {0}.",
}
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """A good look, in the terms of one export."""

    found: Found
    entry: StoredEntry | None = None
    said: str = ""


class Blind(RetailVistaError):
    """The look failed or may not have shown what is there; the text is one of TEXTS."""

    def __init__(self, look: Look, text: str = "") -> None:
        answered = TEXTS["blind"].format(look.problem) if look.problem else TEXTS["unanswered"]
        super().__init__(text or answered)
        self.look = look

    @classmethod
    def not_shown(cls, look: Look, number: int) -> Blind:
        """A look that was answered, but not with an entry that must be there."""
        return cls(look, TEXTS["not_shown"].format(number))


def entries_between(
    visit: Visit, journal_code: str, low: int, high: int, *, known: int
) -> tuple[StoredEntry, ...]:
    """Entries of a number range, looked for so that `known` (0 = none yet) must appear too."""
    if not known:
        look = _good(visit.look(journal_code, low, high))
        if not look.entries and not visit.sees_entries(journal_code):
            raise Blind(look, TEXTS["no_right"].format(journal_code))
        return look.entries
    wide = min(low, known), max(high, known)
    if wide[1] - wide[0] <= max(WIDEST_RANGE, high - low):
        look = _good(visit.look(journal_code, *wide))
        _must_show(look, look.entries, known)
        return look.entries
    proof = _good(visit.look(journal_code, known, known))
    _must_show(proof, proof.entries, known)
    return _good(visit.look(journal_code, low, high)).entries


def _good(look: Look) -> Look:
    if not look.good:
        raise Blind(look)
    return look


def _must_show(look: Look, entries: Sequence[StoredEntry], known: int) -> None:
    if all(entry.entry_number != known for entry in entries):
        raise Blind.not_shown(look, known)


class EntryIndex:
    """Entries by number and by the posting keys in their lines, for many exports at once."""

    def __init__(self, entries: Sequence[StoredEntry]) -> None:
        self.all = tuple(entries)
        self._by_number: dict[int, list[StoredEntry]] = {}
        self._by_key: dict[str, list[StoredEntry]] = {}
        for entry in entries:
            self._by_number.setdefault(entry.entry_number, []).append(entry)
            for key in {line.description.partition(" ")[0] for line in entry.lines or ()}:
                self._by_key.setdefault(key, []).append(entry)

    def about(self, facts: ExportFacts) -> list[StoredEntry]:
        """Entries under the export's number or with its key."""
        found = [
            *self._by_number.get(facts.entry_number, ()),
            *self._by_key.get(facts.posting_key, ()),
        ]
        return list({id(entry): entry for entry in found}.values())

    def has_key_of(self, entry: StoredEntry, keys: frozenset[str]) -> bool:
        """Whether a line of the entry carries one of these keys."""
        return any(line.description.partition(" ")[0] in keys for line in entry.lines or ())


def sight_of(facts: ExportFacts, entries: Sequence[StoredEntry]) -> Sight:
    """What these entries say about the export."""
    numbered = [entry for entry in entries if entry.entry_number == facts.entry_number]
    elsewhere = [
        entry
        for entry in entries
        if entry.entry_number != facts.entry_number and carries_key(entry, facts.posting_key)
    ]
    ours = [entry for entry in numbered if carries_key(entry, facts.posting_key)]
    if len(ours) + len(elsewhere) > 1:
        return Sight(Found.TWICE, (ours or elsewhere)[0], _numbers(ours + elsewhere))
    if elsewhere:
        return Sight(Found.OTHER_NUMBER, elsewhere[0], _numbers(elsewhere))
    if not numbered:
        return Sight(Found.ABSENT)
    if len(numbered) > 1:
        return Sight(Found.TWICE, numbered[0], _numbers(numbered))
    return _compared(facts, numbered[0])


def _compared(facts: ExportFacts, entry: StoredEntry) -> Sight:
    if not all_lines_carry_key(entry, facts.posting_key):
        text = TEXTS["no_key"].format(entry.entry_number, facts.posting_key)
        return Sight(Found.OTHER, entry, text)
    wrong = header_differences(facts, entry)
    wrong += [difference_text(difference) for difference in differences(facts, entry)]
    if wrong:
        return Sight(Found.OTHER, entry, " ".join(wrong[:SHOWN]))
    return Sight(Found.OURS, entry)


def differences(facts: ExportFacts, entry: StoredEntry) -> list[Difference]:
    """Own lines, VAT per code and direction, net per G/L account: expected against stored."""
    return compare_stored(ExpectedStored.from_json(facts.expected), found_lines(entry.lines or ()))


def header_differences(facts: ExportFacts, entry: StoredEntry) -> list[str]:
    """Division, journal code, year and period as intended, and the date of every line."""
    wrong = []
    if (entry.division, entry.journal_code) != (facts.division, facts.journal_code):
        wrong.append(TEXTS["place"].format(entry.division, entry.journal_code))
    if (entry.year, entry.period) != (facts.year, facts.period):
        wrong.append(TEXTS["period"].format(entry.year, entry.period))
    dates = {line.on for line in entry.lines or () if line.on is not None}
    if dates - {facts.business_date}:
        wrong.append(TEXTS["date"].format(sorted(dates)[0]))
    return wrong


def difference_text(difference: Difference) -> str:
    """One difference in words."""
    amounts = _amount(difference.expected), _amount(difference.found)
    # A line may have a VAT code, VAT has a direction: 'account code' and 'code direction'.
    place, _, more = difference.place.partition(" ")
    if difference.what == "vat":
        return TEXTS[more].format(place, *amounts)
    if difference.what == "own_line" and more:
        return TEXTS["coded_line"].format(place, more, *amounts)
    return TEXTS[difference.what].format(place, *amounts)


def _amount(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def carries_key(entry: StoredEntry, key: str) -> bool:
    """Whether any line of the entry carries the posting key."""
    return any(carries(line.description, key) for line in entry.lines or ())


def all_lines_carry_key(entry: StoredEntry, key: str) -> bool:
    """Every line that was sent does; the VAT lines that the books make may not."""
    lines = entry.lines or ()
    made = {index for index, line in enumerate(found_lines(lines)) if line.is_vat}
    own = [line for index, line in enumerate(lines) if index not in made]
    return bool(own) and all(carries(line.description, key) for line in own)


def _numbers(entries: Sequence[StoredEntry]) -> str:
    return TEXTS["numbers"].format(", ".join(str(entry.entry_number) for entry in entries))
