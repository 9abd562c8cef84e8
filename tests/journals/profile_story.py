"""One story for every profile: a month in which each journal meets another trouble.

Invariant: after every step each journal is in the books once at most; whoever plays the person
looks into the books and says what is the case, nothing else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from retailvista.connectors import registering
from retailvista.journals import actions, deciding
from retailvista.journals.evidence import ExportFacts
from retailvista.journals.proving import prove_refusal
from retailvista.journals.releasing import release
from tests.journals.export_steps import POST
from tests.stage import CONNECTOR_NUMBER, FIRST_DAY, Stage, facts_by_sequence

# What becomes of one POST; late commits of seconds, minutes, an hour and more than a day.
TROUBLES = (
    ("", ""),
    ("drop_before", ""),
    ("drop_after_commit", ""),
    ("error_after_commit", "502"),
    ("late_commit", "3"),
    ("late_commit", "240"),
    ("late_commit", "4000"),
    ("late_commit", "100000"),
    ("html_200", "after"),
    ("cut_at_byte", "60"),
    ("refuse", "Iets onbekends"),
)
LOOKS_S = (6, 30, 100, 500, 10, 130)


@dataclass(slots=True)
class Story:
    """What the months came to."""

    stage: Stage
    asked: set[str] = field(default_factory=set)

    def play(self) -> dict[int, ExportFacts]:
        """A first journal, the second proof, one journal per trouble, and people at the end."""
        stage = self.stage
        stage.add_days(1)
        self.pass_time()
        self.prove()
        for number, (fault, value) in enumerate(TROUBLES, start=1):
            stage.add_days(1, first=FIRST_DAY + timedelta(days=number), gross=12_345 + number)
            if fault:
                stage.sandbox.faults.add(fault, value=value, **POST)
            self.pass_time()
            stage.sandbox.faults.clear()
        for _ in range(3):
            stage.clock.move(hours=12)
            self.pass_time()
        self.rights_return()
        for _ in range(2 * len(TROUBLES)):
            if not self.people_act():
                break
            self.pass_time()
        return facts_by_sequence(stage)

    def rights_return(self) -> None:
        """Rights that were lost are given again; before that nothing was taken for absent."""
        store = self.stage.sandbox.store
        if store.setting("rights_lost_after_posts"):
            self.asked.add("paused: " + self.stage.connector().paused.partition(":")[0])
            store.set("rights_lost_after_posts", 0)
            for _ in range(3):
                self.stage.clock.move(hours=2)
                self.pass_time()

    def pass_time(self) -> None:
        """Release what is there, export, and look again until nothing moves."""
        self.stage.ask(lambda session: release(session, None, "anna"))
        for seconds in (0, *LOOKS_S):
            self.stage.clock.move(seconds=seconds)
            self.stage.export()
            self.look()

    def look(self) -> None:
        """Nothing is there twice, whatever happened."""
        twice = {key: count for key, count in self.in_books().items() if count > 1}
        assert not twice, f"in the books more than once: {twice}"

    def in_books(self) -> Counter[str]:
        """Entries per posting key; what is due is in the books, as for whoever asks over the wire.

        Else it would come at the sandbox's next tick, which is real time.
        """
        self.stage.sandbox.late.release()
        return Counter(text.split()[0] for _, text in self.stage.booked())

    def prove(self) -> None:
        """The guided set-up's second proof, where the first journal was taken as sent."""
        if self.stage.states() == ["verified"]:
            proof = prove_refusal
            self.stage.ask(
                lambda _: proof(self.stage.outside, CONNECTOR_NUMBER, "anna", consent=True)
            )

    def people_act(self) -> bool:
        """Somebody reads the reason, looks into the books and says what is the case."""
        stage, acted = self.stage, False
        if stage.connector().paused:
            self.asked.add("paused: " + stage.connector().paused.partition(":")[0])
            stage.ask(lambda session: registering.resume(session, CONNECTOR_NUMBER, "anna"))
            acted = True
        for sequence, facts in facts_by_sequence(stage).items():
            if facts.decision in actions.WAITING_FOR_PERSON:
                self.asked.add(facts.decision)
                stage.ask(lambda session, s=sequence, f=facts: self.decide(session, s, f))
                acted = True
        return acted

    def decide(self, session: Session, sequence: int, facts: ExportFacts) -> None:
        if facts.decision == actions.CORRECT_AND_TRY_AGAIN:
            deciding.try_again(session, sequence, "anna")
        elif self.in_books()[facts.posting_key]:
            deciding.it_is_ours(session, sequence, "seen in the books", "anna")
        else:
            deciding.not_ours_new_number(session, sequence, "not in the books", "anna")
