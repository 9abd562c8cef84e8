"""Run by a Python of its own: python-exact-online 1.1.0, unmodified, against a sandbox.

JSON comes in: base, client_id, client_secret, code, redirect_uri, customer. JSON goes out.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any


def told(call: Any, *args: Any, **more: Any) -> str:
    """What a call came to: its error, or how many rows."""
    found = call(*args, **more)
    if found.hasError:
        return f"error {found.error.http_status if found.error else 'without a text'}"
    return str(len(found.items())) if hasattr(found, "items") else "done"


def main(asked: dict[str, str]) -> dict[str, object]:
    """The calls of its README, and two processes that renew one token."""
    # It copies its addresses when its other modules are imported.
    config = importlib.import_module("exactonline.config")
    config.BASE_URL = f"{asked['base']}/api/v1"
    config.AUTH_URL = f"{asked['base']}/api/oauth2/auth"
    config.ACCESS_TOKEN_URL = f"{asked['base']}/api/oauth2/token"
    make = importlib.import_module("exactonline.api").ExactOnlineAPI
    entry = importlib.import_module("exactonline.models.salesentries").SalesEntry
    missing = importlib.import_module("exactonline.constants.errors").NotFoundError

    api = make(asked["client_id"], asked["client_secret"])
    address = f"{asked['redirect_uri']}&code={asked['code']}&state=s"
    api.authHandler.retrieveToken(address, state="s", redirectUri=asked["redirect_uri"])
    result: dict[str, object] = {
        "journals": told(api.journals.list),
        "accounts": told(api.glAccounts.list),
        "chosen": told(api.glAccounts.list, select=["Code"]),
        "sale": told(
            api.salesEntries.create,
            entry(Journal="70", Customer=asked["customer"], AmountDC=121.0),
        ),
    }
    other = make(asked["client_id"], asked["client_secret"])
    api.authHandler.acquireNewToken()
    try:
        other.authHandler.acquireNewToken()
    except missing as gone:
        result["second"] = type(gone).__name__
    result["kept"] = api.cacheHandler.getCache(asked["client_id"]) is not None
    return result


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.load(sys.stdin))))
