"""Who stands behind a token, and how consent begins and ends.

Invariant: tokens and codes are kept as hashes only; what an access token may see is what the user
consented to and still has.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox.askers import Asker
from retailvista.sandbox.store import Store, hashed


class Tokens:
    """Who stands behind an access token; kept in memory, as fresh as the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.kept: dict[str, tuple[float, int, int, Asker]] = {}
        self.reasons: dict[str, str | None] = {}

    def asker(self, token: str) -> tuple[Asker, bool] | None:
        """The user and app, and whether the token is still valid; None for an unknown token."""
        found = self.kept.get(token) or self._read(token)
        if found is None:
            return None
        issued_at, _, _, asker = found
        life = self.store.setting("token_life_s", client_id=asker.client_id)
        return asker, self.store.now_s() - issued_at < life

    def reason_of(self, user: str) -> str | None:
        """Why the user may nothing any more, or None."""
        if user not in self.reasons:
            row = self.store.row("SELECT reason FROM user WHERE name = ?", user)
            self.reasons[user] = row[0] if row else "InactiveUser"
        return self.reasons[user]

    def forget(self) -> None:
        """Users or chains have changed."""
        self.kept.clear()
        self.reasons.clear()

    def _read(self, token: str) -> tuple[float, int, int, Asker] | None:
        row = self.store.row(
            "SELECT t.issued_at, t.chain, t.pair, c.client_id, c.divisions, u.name, u.id, "
            "u.full_name, u.language, u.divisions FROM token t JOIN chain c ON c.id = t.chain "
            "JOIN user u ON u.name = c.user "
            "WHERE t.hash = ? AND t.kind = 'access' AND t.state <> 'stale'",
            hashed(token),
        )
        if row is None:
            return None
        allowed = set(row[4].split()) & set(row[9].split())
        asker = Asker(
            name=row[5],
            id=row[6],
            full_name=row[7],
            language=row[8],
            client_id=row[3],
            divisions=tuple(sorted(int(code) for code in allowed)),
        )
        self._first_use(row[1], row[2])
        self.kept[token] = (row[0], row[1], row[2], asker)
        return self.kept[token]

    def _first_use(self, chain: int, pair: int) -> None:
        """Under the lenient rule the previous refresh token dies now."""
        with self.store.transaction() as db:
            db.execute(
                "UPDATE token SET state = 'used' "
                "WHERE chain = ? AND pair < ? AND kind = 'refresh' AND state = 'live'",
                (chain, pair),
            )


def consent(
    store: Store, client_id: str, user: str, divisions: list[int], redirect_uri: str
) -> str:
    """The code that goes back to the app; it holds a '!' to catch clients that do not decode."""
    code = f"stampNL001.{store.entropy.text(12)}!{store.entropy.text(24)}"
    values: dict[str, Any] = {
        "hash": hashed(code),
        "client_id": client_id,
        "user": user,
        "divisions": " ".join(map(str, divisions)),
        "redirect_uri": redirect_uri,
        "issued_at": store.now_s(),
    }
    with store.transaction() as db:
        # With a seed the same code may come again.
        db.execute("DELETE FROM code WHERE hash = ?", (values["hash"],))
        store.insert("code", values)
    return code


def consents(store: Store) -> list[dict[str, Any]]:
    """The consents that hold: app, user, administrations, since when, last token."""
    names = ("client_id", "user", "divisions", "since", "last_token")
    rows = store.rows(
        "SELECT c.client_id, c.user, c.divisions, c.issued_at, max(t.issued_at) FROM chain c "
        "LEFT JOIN token t ON t.chain = c.id WHERE c.ended IS NULL "
        "GROUP BY c.id ORDER BY c.client_id, c.user"
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def revoke(store: Store, client_id: str, user: str) -> int:
    """The user withdraws the consent: the chains of app and user end."""
    with store.transaction() as db:
        return db.execute(
            "UPDATE chain SET ended = 'revoked' WHERE client_id = ? AND user = ? AND ended IS NULL",
            (client_id, user),
        ).rowcount
