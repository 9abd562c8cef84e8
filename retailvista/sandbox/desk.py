"""The part of the admin API that is about the books: what a person in Exact would do by hand.

Invariant: it changes what a bookkeeper could change, and reads without spending calls of the API.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retailvista.sandbox import balances, records
from retailvista.sandbox.endpoints import catalogue, endpoints
from retailvista.sandbox.entries import process_entries
from retailvista.sandbox.settings import WrongSetting
from retailvista.sandbox.store import Store

Args = dict[str, Any]


class Desk:
    """A bookkeeper's desk in one sandbox."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> dict[tuple[str, str], Callable[[Args], Any]]:
        """The calls under /sandbox/api/."""
        return {
            ("POST", "periods"): self.set_period,
            ("POST", "accounts"): self.change_account,
            ("POST", "journals"): self.change_journal,
            ("POST", "process"): self.process,
            ("POST", "move"): self.move,
            ("GET", "endpoints"): self.list_endpoints,
            ("POST", "rows"): self.put_rows,
            ("GET", "entries"): self.entries,
            ("GET", "balance"): self.balance,
        }

    def set_period(self, args: Args) -> Args:
        """{"division", "year", "period", "closed": true, "journal": "91" or absent for all}"""
        key = (
            int(args["division"]),
            str(args.get("journal", "")),
            int(args["year"]),
            int(args["period"]),
        )
        sql = "INSERT OR IGNORE INTO closed VALUES (?,?,?,?)"
        if not args.get("closed", True):
            sql = "DELETE FROM closed WHERE Division=? AND Journal=? AND Year=? AND Period=?"
        with self.store.transaction() as db:
            db.execute(sql, key)
            self.store.version += 1
        return {"closed": bool(args.get("closed", True))}

    def change_account(self, args: Args) -> Args:
        """{"division", "code", "IsBlocked"|"UseCostcenter"|"VATCode"|"Type": value}"""
        allowed = ("IsBlocked", "UseCostcenter", "UseCostunit", "VATCode", "Type")
        return self._change("financial/GLAccounts", args, allowed)

    def change_journal(self, args: Args) -> Args:
        """{"division", "code", "IsBlocked"|"AllowVAT"|"AllowVariableCurrency"|"Type": value}"""
        allowed = (
            *("IsBlocked", "AllowVAT", "AllowVariableCurrency"),
            *("AllowVariableExchangeRate", "Type"),
        )
        return self._change("financial/Journals", args, allowed)

    def _change(self, entity: str, args: Args, allowed: tuple[str, ...]) -> Args:
        division, code = int(args["division"]), str(args["code"])
        record = records.by_value(self.store, entity, division, "Code", code)
        changes = {name: args[name] for name in allowed if name in args}
        if record is None or not changes:
            return {"changed": 0}
        record.body |= changes
        records.change(self.store, record)
        return {"changed": len(changes)}

    def process(self, args: Args) -> Args:
        """{"division", "journal", "number"}: the entry gets Status 50."""
        division, number = int(args["division"]), int(args["number"])
        return {"processed": process_entries(self.store, division, str(args["journal"]), number)}

    def move(self, args: Args) -> Args:
        """{"division"}: the administration moves to another server; every rowversion starts anew.

        Exact shows it in DivisionMoveDate; who reads by rowversion must read everything again."""
        division = int(args["division"])
        with self.store.transaction() as db:
            db.execute(
                "UPDATE division SET DivisionMoveDate = ? WHERE Code = ?",
                (self.store.wall_ms() // 86_400_000 * 86_400_000, division),
            )
            moved = 0
            for table in ("record", "line"):
                rows = self.store.rows(
                    # Names from the loop above; every value is bound.
                    f"SELECT Timestamp FROM {table} WHERE Division = ? ORDER BY Timestamp",  # noqa: S608
                    division,
                )
                first = records.stamps(self.store, len(rows))
                db.executemany(
                    f"UPDATE {table} SET Timestamp = ? WHERE Timestamp = ?",  # noqa: S608 - ours
                    [(stamp, row[0]) for stamp, row in enumerate(rows, start=first)],
                )
                moved += len(rows)
        return {"moved": moved}

    def list_endpoints(self, args: Args) -> Args:
        """Every endpoint with its methods and page size; `seed` names 58 by their usual name."""
        listed = [
            {"path": e.path, "kind": e.kind, "methods": e.methods, "page": e.page, "scope": e.scope}
            for e in endpoints().values()
        ]
        return {"endpoints": listed, "seed": catalogue().seed}

    def put_rows(self, args: Args) -> Args:
        """{"division", "path": "crm/Accounts", "rows": [{...}]}: rows past every check."""
        path, division = str(args["path"]), int(args["division"])
        endpoint = endpoints().get(path)
        if endpoint is None or endpoint.table != "record" or endpoint.entity != path:
            raise WrongSetting(f"'{path}' holds no rows of its own. See /sandbox/api/endpoints.")
        rows = args["rows"]
        unknown = {name for row in rows for name in row} - endpoint.props.keys()
        if unknown:
            raise WrongSetting(f"{path} has no {', '.join(sorted(unknown))}.")
        return {"keys": [r.key for r in records.put(self.store, division, path, rows)]}

    def entries(self, args: Args) -> Args:
        """Entries of a division (and journal), without spending calls of the API."""
        rows = self.store.rows(
            "SELECT JournalCode, EntryNumber, EntryID, FinancialYear, FinancialPeriod, "
            "(SELECT round(total(AmountFC), 2) FROM line l "
            " WHERE l.EntryID = e.EntryID AND AmountFC > 0) "
            "FROM entry e WHERE Division = ? AND (? = '' OR JournalCode = ?) ORDER BY seq",
            int(args["division"]),
            args.get("journal", ""),
            args.get("journal", ""),
        )
        names = ("journal", "number", "entry_id", "year", "period", "debit")
        return {"entries": [dict(zip(names, row, strict=True)) for row in rows]}

    def balance(self, args: Args) -> Args:
        """The trial balance of a division in cents."""
        names = ("code", "description", "debit", "credit")
        rows = balances.trial_balance(self.store, int(args["division"]))
        return {"balance": [dict(zip(names, row, strict=True)) for row in rows]}
