"""For gunicorn and `flask --app wsgi`: the web part alone, without an engine."""

from __future__ import annotations

from retailvista import logs
from retailvista.app import create_app

logs.configure()
app = create_app()
