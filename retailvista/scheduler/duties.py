"""Duties: what the engine does at every sweep, whether or not anybody asked for it.

A sweep comes at least every five seconds, because a look at an export is due that soon.
"""

from __future__ import annotations

from collections.abc import Sequence

from retailvista.config import Settings
from retailvista.connectors.outside import Outside
from retailvista.mail import notices, sending
from retailvista.mail.sending import Post
from retailvista.scheduler import dead
from retailvista.scheduler.embedded import Duty


def duties(settings: Settings, post: Post) -> Sequence[Duty]:
    """The duties of this installation, in the order in which a sweep does them."""

    def decide_notices(outside: Outside) -> int:
        return notices.decide(outside, settings)

    def send_mails(outside: Outside) -> int:
        return sending.send_due(outside, post)

    return (dead.releaser(settings.instance_dir), decide_notices, send_mails)
