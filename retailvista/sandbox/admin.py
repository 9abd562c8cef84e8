"""The admin API under /sandbox/api/: switches, clock, faults, apps, call log and judge as JSON.

Invariant: it belongs to the machine it runs on (the server listens on 127.0.0.1 only) and needs no
login; it never shows a secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from retailvista.sandbox import seed
from retailvista.sandbox.admin_apps import AppAdmin
from retailvista.sandbox.answers import Answer, Request, as_json
from retailvista.sandbox.desk import Desk
from retailvista.sandbox.example_days import add_days
from retailvista.sandbox.faults import KINDS, WrongFault
from retailvista.sandbox.settings import DEFAULTS, PROFILES, WrongSetting

if TYPE_CHECKING:
    from retailvista.sandbox.server import Sandbox

ROOT = "/sandbox/api/"
CENTURY = 100 * 366 * 86_400


class Admin:
    """The admin API of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store
        self.routes: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "state"): self.state,
            ("GET", "settings"): self.settings,
            ("POST", "settings"): self.set_settings,
            ("DELETE", "settings"): self.reset_settings,
            ("POST", "profile"): self.set_profile,
            ("GET", "clock"): self.clock,
            ("POST", "clock"): self.move_clock,
            ("GET", "faults"): self.list_faults,
            ("POST", "faults"): self.add_fault,
            ("DELETE", "faults"): self.clear_faults,
            ("POST", "limits/forget"): self.forget_limits,
            ("POST", "reset"): self.reset,
            ("POST", "seed"): self.seed_days,
            ("GET", "judge"): self.judge,
            ("DELETE", "judge"): self.forget_findings,
            ("GET", "calls"): self.calls,
            **AppAdmin(sandbox).routes,
            **Desk(sandbox.store).routes(),
        }

    def answer(self, request: Request) -> Answer:
        """One admin call."""
        if not request.path.startswith(ROOT):
            return as_json(404, {"error": "Nothing here. Try / or /sandbox/api/state."})
        route = self.routes.get((request.method, request.path[len(ROOT) :].strip("/")))
        if route is None:
            known = sorted(f"{method} {ROOT}{name}" for method, name in self.routes)
            return as_json(404, {"error": "Unknown call.", "known": known})
        try:
            args = self._arguments(request)
            return as_json(200, route(args))
        except (WrongSetting, WrongFault, ValueError, TypeError) as wrong:
            return as_json(400, {"error": str(wrong)})
        except KeyError as missing:
            return as_json(400, {"error": f"Missing: {missing.args[0]}"})

    def _arguments(self, request: Request) -> dict[str, Any]:
        args: dict[str, Any] = dict(request.query)
        if request.body:
            body = json.loads(request.body)
            if not isinstance(body, dict):
                raise WrongSetting("The body is one JSON object.")
            args |= body
        return args

    # Switches

    def state(self, args: dict[str, Any]) -> dict[str, Any]:
        """Everything at a glance."""
        count = self.store.row("SELECT count(*) FROM entry")
        return {
            "sandbox": "This is not Exact Online.",
            **self.clock(args),
            "settings": self.store.settings(),
            "faults": self.sandbox.faults.listed(),
            "late": len(self.sandbox.late.waiting),
            "entries": count[0] if count else 0,
            "divisions": [row[0] for row in self.store.rows("SELECT Code FROM division")],
            "findings": len(self.sandbox.judge.findings()),
        }

    def settings(self, args: dict[str, Any]) -> dict[str, Any]:
        """Every setting with its present value."""
        division = int(args.get("division", 0))
        return {name: self.store.setting(name, division) for name in DEFAULTS}

    def set_settings(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"division": 1000001, "vat": "netted", ...}; without division for the whole server.

        {"client_id": "my-app", "calls_minute": 10} holds for one app alone."""
        division = int(args.pop("division", 0))
        client_id = args.pop("client_id", None)
        for name, value in args.items():
            if client_id is None:
                self.store.set(name, value, division)
            else:
                self.store.set_of_app(client_id, name, value)
        return self.store.settings()

    def reset_settings(self, args: dict[str, Any]) -> dict[str, Any]:
        """Back to the defaults."""
        self.store.forget_settings()
        return self.store.settings()

    def set_profile(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"name": "ignores-ours", "division": 1000001}"""
        if args["name"] not in PROFILES:
            raise WrongSetting(f"No profile '{args['name']}'. Known: {', '.join(PROFILES)}.")
        name, value = PROFILES[args["name"]]
        return self.set_settings({"division": args.get("division", 0), name: value})

    def clock(self, args: dict[str, Any]) -> dict[str, Any]:
        """The sandbox's time."""
        return {
            "now": self.store.now().isoformat(),
            "moved_seconds": self.store.setting("clock_offset_s"),
        }

    def move_clock(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"move_seconds": 600}, {"days": 31, "hours": 2}, or {"to": "2026-04-01T09:00:00Z"}.

        Everything that falls due is done before the answer."""
        if "to" in args:
            there = datetime.fromisoformat(str(args["to"]))
            if there.tzinfo is None:
                raise WrongSetting('"to" needs a zone, as in 2026-04-01T09:00:00Z.')
            seconds = round((there - self.store.now()).total_seconds())
        else:
            seconds = int(args.get("move_seconds") or 0)
            seconds += 86_400 * int(args.get("days") or 0) + 3600 * int(args.get("hours") or 0)
        if not -CENTURY < seconds < CENTURY:
            raise WrongSetting("The clock moves by a century at most.")
        self.store.move_clock(seconds)
        seed.add_periods(self.store)
        self.sandbox.late.release()
        self.sandbox.telling.release()
        return self.clock({})

    # Faults

    def list_faults(self, args: dict[str, Any]) -> dict[str, Any]:
        """What waits, and what there is."""
        return {"waiting": self.sandbox.faults.listed(), "kinds": KINDS}

    def add_fault(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"name", "value", "method", "path", "times" or "rate"}

        {"seed": 7} starts the dice again, and codes and tokens come from it too."""
        if "seed" in args:
            number = int(args.pop("seed"))
            self.sandbox.faults.seed(number)
            self.store.entropy.seed(number)
        if "name" in args:
            self.sandbox.faults.add(**args)
        return {"waiting": self.sandbox.faults.listed()}

    def clear_faults(self, args: dict[str, Any]) -> dict[str, Any]:
        """Nothing goes wrong any more."""
        self.sandbox.faults.clear()
        return {"waiting": []}

    def forget_limits(self, args: dict[str, Any]) -> dict[str, Any]:
        """All call and error counters back to zero."""
        self.sandbox.api.limits.forget()
        return {"forgotten": True}

    def reset(self, args: dict[str, Any]) -> dict[str, Any]:
        """Empty books, no faults, default switches; apps and logins stay."""
        seed.empty_books(self.store)
        self.store.forget_settings()
        self.sandbox.faults.clear()
        self.sandbox.late.forget()
        self.sandbox.api.limits.forget()
        self.sandbox.api.writes.posts = 0
        return self.state(args)

    def seed_days(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"division", "days": 30}: store days to look at, the last one yesterday."""
        days = add_days(self.sandbox.api.masters, int(args["division"]), int(args.get("days", 30)))
        return {"days": days}

    # What happened

    def judge(self, args: dict[str, Any]) -> dict[str, Any]:
        """The rules that clients broke."""
        language = str(args.get("lang", "en"))
        findings = self.sandbox.judge.findings(int(args.get("limit", 1000)), language)
        return {"clean": not findings, "findings": findings}

    def forget_findings(self, args: dict[str, Any]) -> dict[str, Any]:
        """Start the judge afresh."""
        with self.store.transaction() as db:
            db.execute("DELETE FROM finding")
        return self.judge(args)

    def calls(self, args: dict[str, Any]) -> dict[str, Any]:
        """The call log, newest first."""
        return {"calls": self.sandbox.judge.calls(int(args.get("limit", 1000)))}
