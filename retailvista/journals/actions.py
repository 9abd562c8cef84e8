"""What a person must do about an export: the named next actions, as stored in `decision`.

Invariant: `rejected`, `conflict` and "a person decides" always carry one of these; the screens
show TEXTS (translated) and offer exactly the exits that EXITS allows.
"""

from __future__ import annotations

CORRECT_AND_TRY_AGAIN = "correct_and_try_again"
DIFFERS = "differs"
FOUND_TWICE = "found_twice"
OTHER_NUMBER = "other_number"
STORED_OTHERWISE = "stored_otherwise"
NUMBER_TAKEN = "number_taken"
MISSING = "missing"
PERSON_DECIDES = "person_decides"
SENT_TOO_OFTEN = "sent_too_often"
# Not waiting for a person any more: what he said.
NEW_NUMBER_ASKED = "new_number_asked"
ACCEPTED = "accepted"
BOOKED_BY_HAND = "booked_by_hand"

# Exits, as commands and screens name them.
TRY_AGAIN = "try_again"
IT_IS_OURS = "it_is_ours"
NEW_NUMBER = "not_ours_new_number"
BY_HAND = "booked_by_hand"

_FROM_CONFLICT = (IT_IS_OURS, NEW_NUMBER, BY_HAND)
EXITS: dict[str, tuple[str, ...]] = {
    CORRECT_AND_TRY_AGAIN: (TRY_AGAIN, BY_HAND),
    DIFFERS: _FROM_CONFLICT,
    FOUND_TWICE: (IT_IS_OURS, BY_HAND),
    OTHER_NUMBER: (IT_IS_OURS, BY_HAND),
    STORED_OTHERWISE: (IT_IS_OURS, BY_HAND),
    NUMBER_TAKEN: _FROM_CONFLICT,
    MISSING: _FROM_CONFLICT,
    PERSON_DECIDES: _FROM_CONFLICT,
    SENT_TOO_OFTEN: _FROM_CONFLICT,
}
WAITING_FOR_PERSON = frozenset(EXITS)

# English; the screens translate.
TEXTS: dict[str, str] = {
    CORRECT_AND_TRY_AGAIN: "Correct what the books refused, then choose Try again.",
    DIFFERS: "The entry in the books differs from the journal. Compare them and say which holds.",
    FOUND_TWICE: "The journal is in the books twice. Delete one there, then choose It is ours.",
    OTHER_NUMBER: "The books gave the entry another number. Compare it, then choose It is ours.",
    STORED_OTHERWISE: "The books stored something else than was sent. Compare, then decide.",
    NUMBER_TAKEN: "The books say the entry number is used, but do not show the entry. Look for it"
    " in the books, then decide.",
    MISSING: "The books confirmed the entry, but it is no longer there. Find out who deleted it,"
    " then decide.",
    PERSON_DECIDES: "It is not certain whether the journal was booked, and the books are not"
    " proven to refuse a second copy. Look in the books, then decide.",
    SENT_TOO_OFTEN: "The journal was sent four times without an answer. Look in the books, then"
    " decide.",
    NEW_NUMBER_ASKED: "The whole journal is searched before the new number is given.",
    ACCEPTED: "Accepted by a person as it is in the books.",
    BOOKED_BY_HAND: "Booked by hand.",
}
