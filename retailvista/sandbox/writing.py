"""POST, PUT and DELETE of any endpoint in the generic store.

Invariant: what stands in the metadata decides what may be written; what is refused is refused
before anything is stored, and a header is stored with all its lines or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from retailvista.sandbox import fillings, records, references, refusals
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.endpoints import Endpoint, children_of
from retailvista.sandbox.flat import write_flat
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import Store, guid

# Mandatory by the documentation, not enforced by Exact (recorded): a missing amount is zero.
UNENFORCED = ("Double", "Boolean", "Byte")


@dataclass(slots=True)
class Writing:
    """One row on its way into the store; `problems` collects what Exact would say."""

    store: Store
    asker: Asker
    division: int
    endpoint: Endpoint
    problems: list[str] = field(default_factory=list)
    # Where the client reaches the sandbox, and the key of the row in hand.
    base: str = ""
    key: str = ""
    # Nothing is wrong with the row itself; its lines are another matter.
    is_good: bool = False

    def problem(self, key: str, name: str = "") -> None:
        """One more reason to refuse."""
        label = refusals.label(name, self.asker.language)
        self.problems.append(refusals.said(key, self.asker.language, label=label))

    def stop_if_refused(self) -> None:
        """Refuse with every reason found so far."""
        if self.problems:
            known = self.store.setting("refusals", self.division) == "known"
            raise refusals.refused(self.problems, self.asker.language, known=known)

    def add(self, body: dict[str, Any], parent: str | None = None) -> Record:
        """Check and store a new row with its lines."""
        with self.store.transaction():
            found = self._checked(body, parent)
            if not self.problems:
                records.add(self.store, *found)
                write_flat(self.store, found[0])
        if self.problems and self.is_good and self._keeps_headers():
            records.add(self.store, found[0])
        self.stop_if_refused()
        return found[0]

    def _keeps_headers(self) -> bool:
        """Whether a header stays although a line of it is refused (one integrator saw it)."""
        return bool(self.store.setting("lines_refused", self.division) == "header-kept")

    def change(self, key: str, changes: dict[str, Any]) -> bool:
        """Change a row; False when there is none."""
        with self.store.transaction():
            record = records.find(self.store, self.endpoint.entity, self.division, key)
            if record is None:
                return False
            before = dict(record.body)
            record.body |= changes
            for name in (p.name for p in self.endpoint.props.values() if "M" in p.flags):
                if name in changes and changes[name] in (None, ""):
                    self.problem("missing", name)
            self.problems += references.resolve(
                self.store, self.division, self.endpoint, record.body, self.asker.language
            )
            self._check_code(record.body, but=before.get("Code"))
            filling = fillings.CHANGES.get(self.endpoint.entity)
            if filling:
                filling(self, record.body)
            self.stop_if_refused()
            record.body |= {"Modifier": self.asker.id, "ModifierFullName": self.asker.full_name}
            records.change(self.store, record)
            write_flat(self.store, record)
        return True

    def remove(self, key: str) -> bool:
        """Delete a row and its lines; False when there is none."""
        with self.store.transaction():
            record = records.find(self.store, self.endpoint.entity, self.division, key)
            if record is None:
                return False
            users = references.users_of(self.store, record, self.asker.language)
            if users:
                label = references.name_of(record.entity, self.asker.language)
                text = refusals.said("in-use", self.asker.language, label=label, users=users)
                self.problems.append(text)
            self.stop_if_refused()
            for child in children_of(self.endpoint).values():
                for line in records.below(self.store, child.entity, key):
                    records.remove(self.store, line, self.asker.id)
            records.remove(self.store, record, self.asker.id)
            write_flat(self.store, record, self.asker.id)
        return True

    def _checked(self, body: dict[str, Any], parent: str | None) -> list[Record]:
        """The row and its lines, complete; problems are collected."""
        nested = {name: body.pop(name, []) for name in _collections(self.endpoint)}
        self._check_mandatory(body, parent)
        self._check_code(body)
        key = self.key = self._key(body)
        language = self.asker.language
        self.problems += references.resolve(
            self.store, self.division, self.endpoint, body, language
        )
        filling: Callable[[Writing, dict[str, Any]], None] | None
        filling = fillings.NEW.get(self.endpoint.entity)
        if filling:
            filling(self, body)
        for name in ("Creator", "Modifier"):
            body |= {name: self.asker.id, f"{name}FullName": self.asker.full_name}
        if self.endpoint.parent:
            parent = parent or body.get(self.endpoint.parent)
            body[self.endpoint.parent] = parent
            self._number(body, parent)
        record = Record(self.endpoint.entity, self.division, key, body, parent)
        self.is_good = not self.problems
        return [record, *self._lines(record, nested)]

    def _lines(self, header: Record, nested: dict[str, Any]) -> list[Record]:
        found: list[Record] = []
        for name, child in children_of(self.endpoint).items():
            for number, body in enumerate(nested.get(name) or [], start=1):
                below = Writing(self.store, self.asker, self.division, child, self.problems)
                body.setdefault("LineNumber", number)
                found += below._checked(body, header.key)
        return found

    def _number(self, body: dict[str, Any], parent: str | None) -> None:
        if "LineNumber" in self.endpoint.props and "LineNumber" not in body and parent:
            last = records.below(self.store, self.endpoint.entity, parent)
            body["LineNumber"] = 1 + max((row.body.get("LineNumber", 0) for row in last), default=0)

    def _check_mandatory(self, body: dict[str, Any], parent: str | None) -> None:
        for prop in self.endpoint.props.values():
            is_asked = "M" in prop.flags and prop.writable and prop.type not in UNENFORCED
            is_given = str(body.get(prop.name) or "").strip() or prop.child
            if is_asked and not is_given and not (parent and prop.name == self.endpoint.parent):
                self.problem("missing", prop.name)

    def _check_code(self, body: dict[str, Any], but: str | None = None) -> None:
        """A mandatory code is unique in its division."""
        prop = self.endpoint.props.get("Code")
        code = str(body.get("Code") or "").strip()
        if prop is None or "M" not in prop.flags or not code or code == but:
            return
        body["Code"] = code
        if records.by_value(self.store, self.endpoint.entity, self.division, "Code", code):
            self.problem("exists")

    def _key(self, body: dict[str, Any]) -> str:
        """A key of our own, or the client's where the switch says that Exact honours it."""
        given = next((body.pop(name) for name in self.endpoint.key if name in body), None)
        if given and self.store.setting("entry_ids", self.division) == "honoured":
            if records.find(self.store, self.endpoint.entity, self.division, given):
                self.problem("exists")
            return str(given)
        return guid("row", self.store.next_number("row", 1))


def _collections(endpoint: Endpoint) -> list[str]:
    return [prop.name for prop in endpoint.props.values() if prop.child]
