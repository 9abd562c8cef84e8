"""The folder of token answers, with more than one worker in it."""

from __future__ import annotations

from retailvista.connectors import spool


def test_a_file_that_another_worker_takes_away_meanwhile_is_no_error(tmp_path):
    """Listed, and gone before it is looked at: as a link to nothing is."""
    (tmp_path / f"1-1-gone{spool.SUFFIX}").symlink_to(tmp_path / "taken away")
    assert list(spool.waiting(tmp_path)) == []


def test_a_file_that_cannot_be_read_is_set_aside(tmp_path):
    (tmp_path / f"1-1-broken{spool.SUFFIX}").write_text("{", encoding="utf-8")
    assert list(spool.waiting(tmp_path)) == []
    assert [found.suffix for found in tmp_path.iterdir()] == [".unreadable"]
