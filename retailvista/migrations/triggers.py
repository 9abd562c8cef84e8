"""Triggers that keep fiscal rows as they are, for SQLite and PostgreSQL.

A batch change of a SQLite table drops its triggers: a migration that rebuilds one of these
tables calls drop_triggers() before and create_triggers() after.
"""

from __future__ import annotations

from alembic import op

# The company stands in each condition: the indexes begin with it.
SENT = (
    "EXISTS (SELECT 1 FROM export WHERE export.company_id = {row}.company_id"
    " AND export.journal_id = {row}.{id} AND export.live AND export.sent_at IS NOT NULL)"
)
FROZEN_COLUMNS = (
    "company_id", "kind", "year", "number", "sequence", "store_id", "business_date", "currency",
    "debit", "credit", "reference", "reverses_id", "links", "receipt_runs",
)  # fmt: skip
LINES_BALANCE = (
    "(SELECT coalesce(sum(CASE side WHEN 'D' THEN amount ELSE 0 END), 0) FROM journal_line"
    " WHERE company_id = NEW.company_id AND journal_id = NEW.id) <> NEW.debit OR"
    " (SELECT coalesce(sum(CASE side WHEN 'C' THEN amount ELSE 0 END), 0) FROM journal_line"
    " WHERE company_id = NEW.company_id AND journal_id = NEW.id) <> NEW.credit"
)

# name, table, event, condition, message
RULES = (
    ("audit_event_keep", "audit_event", "UPDATE", "", "an audit event never changes"),
    ("audit_event_stay", "audit_event", "DELETE", "", "an audit event is never deleted"),
    ("evidence_keep", "evidence", "UPDATE", "", "evidence never changes"),
    ("evidence_stay", "evidence", "DELETE", "", "evidence is never deleted"),
    ("receipt_keep", "receipt", "UPDATE OF content, register, nr, store_id, business_date", "",
     "a receipt never changes"),
    ("receipt_stay", "receipt", "DELETE", "", "a receipt is never deleted"),
    ("till_file_stay", "till_file", "DELETE", "OLD.state = 'read'", "a read file is kept"),
    ("journal_keep", "journal", "UPDATE OF " + ", ".join(FROZEN_COLUMNS),
     SENT.format(row="OLD", id="id"), "an exported journal never changes"),
    ("journal_stay", "journal", "DELETE", "", "a journal is never deleted"),
    ("journal_line_add", "journal_line", "INSERT", SENT.format(row="NEW", id="journal_id"),
     "an exported journal never changes"),
    ("journal_line_keep", "journal_line", "UPDATE", SENT.format(row="OLD", id="journal_id"),
     "an exported journal never changes"),
    ("journal_line_stay", "journal_line", "DELETE", SENT.format(row="OLD", id="journal_id"),
     "an exported journal never changes"),
    ("journal_balance", "journal", "UPDATE OF state",
     f"NEW.state IN ('released', 'exported') AND ({LINES_BALANCE})",
     "the lines of the journal do not add up to its totals"),
    ("export_stay", "export", "DELETE", "", "an export is never deleted"),
)  # fmt: skip


def create_triggers() -> None:
    """Create all triggers on the database that is being migrated."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for name, table, event, condition, message in RULES:
        for statement in (_postgres if postgres else _sqlite)(
            name, table, event, condition, message
        ):
            op.execute(statement)


def drop_triggers() -> None:
    """Drop them, before a table with triggers is rebuilt."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for name, table, *_ in RULES:
        op.execute(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if postgres else ""))


def _sqlite(name: str, table: str, event: str, condition: str, message: str) -> tuple[str, ...]:
    when = f"WHEN {condition} " if condition else ""
    trigger = (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}"
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
    return (trigger,)


def _postgres(name: str, table: str, event: str, condition: str, message: str) -> tuple[str, ...]:
    test = condition or "TRUE"
    back = "OLD" if event == "DELETE" else "NEW"
    function = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$ BEGIN "
        f"IF {test} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN {back}; END $$ LANGUAGE plpgsql"
    )
    return (
        function,
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )
