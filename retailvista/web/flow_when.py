"""When a flow is due, as a form says it: every so often, daily at a time, or by cron."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from retailvista.errors import Refused
from retailvista.flows.definition import INCREMENTAL, MODES, NAME_MAX
from retailvista.flows.scheduling import When
from retailvista.runs.models import Schedule
from retailvista.web.flow_fields import number_of

OFFERED = (5, 15, 30, 60, 120, 240, 720, 1440)
USUAL = 60
MORNING = "07:00"
EVERY, DAILY, CRON = "every", "daily", "cron"


@dataclass(frozen=True, slots=True)
class Shown:
    """The fields of the form. `schedule` is the number of the one being changed; 0 for a new one.

    `optional` offers to have no schedule at all.
    """

    how: str = EVERY
    minutes: int = USUAL
    at: str = MORNING
    cron: str = ""
    mode: str = INCREMENTAL
    name: str = ""
    optional: bool = False
    schedule: int = 0

    @property
    def offered(self) -> list[int]:
        return sorted({*OFFERED, self.minutes})

    def check(self) -> None:
        """Refused says what is wrong, before anything is kept."""
        self.when().check()
        if self.mode not in MODES:
            raise Refused("Choose full or incremental.")
        if len(self.name) > NAME_MAX:
            raise Refused("The name is too long.")

    def when(self) -> When:
        """The moment that was filled in; what is not chosen does not count."""
        return When(
            every_minutes=self.minutes if self.how == EVERY else None,
            daily_at=self.at if self.how == DAILY else "",
            cron=self.cron if self.how == CRON else "",
        )


def of_form(form: MultiDict[str, str], *, optional: bool = False, schedule: int = 0) -> Shown:
    """What somebody filled in, or what a new schedule begins with."""
    return Shown(
        how=form.get("when_how", "" if optional else EVERY),
        minutes=number_of(form, "when_minutes", USUAL),
        at=form.get("when_at", MORNING).strip(),
        cron=form.get("when_cron", "").strip(),
        mode=form.get("when_mode", INCREMENTAL),
        name=form.get("when_name", "").strip(),
        optional=optional,
        schedule=schedule,
    )


def of_schedule(row: Schedule) -> Shown:
    """The fields for a schedule that is there."""
    return Shown(
        how=CRON if row.cron else EVERY if row.every_minutes else DAILY,
        minutes=row.every_minutes or USUAL,
        at=row.daily_at or MORNING,
        cron=row.cron,
        mode=row.mode or INCREMENTAL,
        name=row.name,
        schedule=row.number,
    )
