"""The page of switches: profiles, limits, clock, faults, reset; and what its forms do.

Invariant: every form posts to `/switch` and comes back to the page it was sent from.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from retailvista.sandbox.answers import Answer, Request, as_html
from retailvista.sandbox.fault_words import fault_text
from retailvista.sandbox.faults import KINDS, WrongFault
from retailvista.sandbox.page import form, framed, language_of, option_list, table
from retailvista.sandbox.setting_words import SHOWN, group_names, named
from retailvista.sandbox.settings import CHOICES, DEFAULTS, WrongSetting
from retailvista.sandbox.words import say

if TYPE_CHECKING:
    from retailvista.sandbox.server import Sandbox

BACK = ("/switches", "/apps", "/webhooks", "/judge", "/calls")
STEPS = ((600, "10 min"), (3600, "1 h"), (86_400, "1 d"), (2_678_400, "31 d"))


class Switches:
    """The switches of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store

    def body(self, language: str) -> str:
        """The page without its frame."""
        cards = (
            ("clock", self._clock(language)),
            ("fault", self._faults(language)),
            ("profiles", self._profiles(language)),
            ("reset", self._reset(language)),
        )
        return "".join(
            f'<div class="card"><h2>{say(word, language)}</h2>{inner}</div>'
            for word, inner in cards
        )

    def _clock(self, language: str) -> str:
        steps = "".join(
            f'<button type="submit" class="quiet" name="move_seconds" value="{seconds}">'
            f"+ {text}</button>"
            for seconds, text in STEPS
        )
        field = f'<label>{say("moment", language)} <input name="to" size="22"'
        field += f' value="{self.store.now():%Y-%m-%dT%H:%M:%SZ}"></label>'
        by_steps = form("clock", "", language, "", buttons=steps)
        hint = f'<p class="hint">{say("clock-explains", language)}</p>'
        return hint + by_steps + form("clock", field, language)

    def _faults(self, language: str) -> str:
        kinds = option_list("name", list(KINDS), "drop_after_commit", say("fault", language))
        small = (
            ("value", "", 8),
            ("method", "POST", 6),
            ("path", "*", 22),
            ("times", "1", 4),
            ("rate", "", 4),
            ("dice", "", 4),
        )
        fields = kinds + "".join(
            f'<label>{say(name, language)} <input name="{name}" value="{value}" size="{size}">'
            "</label>"
            for name, value, size in small
        )
        waiting: list[list[object]] = [
            [
                f["name"],
                f["value"],
                f["method"],
                f["path"],
                f["times"] if not f["rate"] else f["rate"],
            ]
            for f in self.sandbox.faults.listed()
        ]
        words = [say(word, language) for word in ("fault", "value", "method", "path", "times")]
        listed = table(words, waiting, stack=True) + form("clear-faults", "", language, "clear")
        meant = table(
            [say("fault", language), say("meaning", language)],
            [[name, fault_text(name, language)] for name in KINDS],
            stack=True,
        )
        known = f"<details><summary>{say('all-faults', language)}</summary>{meant}</details>"
        return form("fault", fields, language) + (listed if waiting else "") + known

    def _profiles(self, language: str) -> str:
        """Every switch in one form, by group."""
        hint = f'<p class="hint">{say("profiles-explain", language)}</p>'
        groups = "".join(
            f"<fieldset><legend>{title}</legend>"
            + "".join(self._field(name, language) for name in SHOWN if SHOWN[name][0] == group)
            + "</fieldset>"
            for group, title in group_names(language).items()
        )
        button = f'<p><button type="submit">{say("set", language)}</button></p>'
        grid = f'<div class="grid">{groups}</div>'
        return hint + form("settings", grid, language, buttons=button)

    def _field(self, name: str, language: str) -> str:
        value = self.store.setting(name)
        label = f"{named(name, language)} <code>{name}</code>"
        if isinstance(value, bool):
            return option_list(name, ["on", "off"], "on" if value else "off", label)
        if name in CHOICES:
            return option_list(name, list(CHOICES[name]), str(value), label)
        field = f'<input name="{name}" value="{value}" inputmode="numeric">'
        return f"<label>{label} {field}</label>"

    def _reset(self, language: str) -> str:
        text = f"<p>{say('reset-explains', language)}</p>"
        divisions = [str(row[0]) for row in self.store.rows("SELECT Code FROM division ORDER BY 1")]
        fields = option_list("division", divisions, divisions[0], say("division", language))
        fields += f'<label>{say("days", language)} <input name="days" value="30" size="4"></label>'
        emptied = text + form("reset", "", language, "reset")
        return f"{emptied}<h2>{say('seed', language)}</h2>{form('seed', fields, language, 'seed')}"

    def switch(self, request: Request) -> Answer:
        """One form."""
        fields: dict[str, Any] = dict(request.form())
        language, work = language_of(request), fields.pop("do", "")
        back = fields.pop("back", "/switches")
        fields.pop("lang", None)
        try:
            self._carry_out(work, fields)
        except (WrongSetting, WrongFault, ValueError, KeyError) as wrong:
            text = f'<div class="card bad">{escape(str(wrong))}</div>'
            return as_html(400, framed(say("not-done", language), text, language, narrow=True))
        place = back if back in BACK else "/switches"
        return Answer(303, b"", [("Location", f"{place}?lang={language}")])

    def _carry_out(self, work: str, fields: dict[str, Any]) -> None:
        admin = self.sandbox.admin
        fields = {name: value for name, value in fields.items() if value != ""}
        if work == "settings":
            admin.set_settings({k: v for k, v in fields.items() if k in DEFAULTS})
        elif work == "fault":
            dice = {"seed": fields.pop("dice")} if "dice" in fields else {}
            admin.add_fault(fields | dice)
        elif work in (
            "clock",
            "clear-faults",
            "reset",
            "seed",
            "revoke",
            "apps",
            "users",
            "deliver",
        ):
            route = {"clear-faults": ("DELETE", "faults"), "deliver": ("POST", "webhooks/deliver")}
            admin.routes[route.get(work, ("POST", work))](fields)
        elif work == "forget":
            admin.forget_findings({})
        else:
            raise WrongSetting(f"No form '{work}'.")
