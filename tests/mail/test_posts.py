"""How letters leave: as files, or to a real mail server on this machine."""

from __future__ import annotations

import socket
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from retailvista.mail.sending import Letter, post_for

LETTER = Letter(
    "boek@groenhof.nl", "Één letter", "Grüße,\nRetailVista\n", "<abc@retailvista.localhost>"
)


class Inbox:
    """What the mail server was given."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802  aiosmtpd's name
        self.envelopes.append(envelope)
        return "250 kept"


@pytest.fixture
def inbox():
    handler = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


def test_the_outbox_writes_one_file_per_letter(settings, tmp_path):
    post = post_for(Flask("test"), settings)
    post.deliver(LETTER)
    post.deliver(LETTER)
    (file,) = (tmp_path / "instance" / "outbox").iterdir()
    message = message_from_bytes(file.read_bytes())
    assert message["Message-ID"] == LETTER.message_id
    assert message["To"] == LETTER.recipient
    assert str(make_header(decode_header(message["Subject"]))) == LETTER.subject


@pytest.mark.mail
def test_a_letter_leaves_by_smtp_with_its_message_id(settings, inbox):
    app = Flask("test")
    app.testing = True
    post = post_for(app, replace(settings, mail_url=f"smtp://127.0.0.1:{inbox.port}"))
    post.deliver(LETTER)
    (envelope,) = inbox.envelopes
    message = message_from_bytes(envelope.content)
    assert envelope.rcpt_tos == [LETTER.recipient]
    assert message["Message-ID"] == LETTER.message_id
    assert "Grüße" in message.get_payload(decode=True).decode()


@pytest.mark.mail
def test_a_server_that_is_not_there_is_an_oserror(settings, inbox):
    post = post_for(Flask("test"), replace(settings, mail_url="smtp://127.0.0.1:1"))
    with pytest.raises(OSError, match="refused"):
        post.deliver(LETTER)
    assert not inbox.envelopes
