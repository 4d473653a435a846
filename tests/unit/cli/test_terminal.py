"""The line editor of the prompt: keys in, lines out."""

import pytest

from voltline.cli.terminal import LineEditor


@pytest.fixture
def editor() -> LineEditor:
    return LineEditor()


def test_enter_finishes_the_line(editor: LineEditor):
    assert editor.feed("plug 1\rtag") == ["plug 1"]
    assert editor.text == "tag"


def test_keys_that_erase(editor: LineEditor):
    editor.feed("plug 12\x7f")
    assert editor.text == "plug 1"
    editor.feed("\x17")
    assert editor.text == "plug "
    editor.feed("\x15")
    assert editor.text == ""
    assert editor.feed("\x7f") == []


def test_arrows_walk_through_what_was_typed(editor: LineEditor):
    editor.feed("plug\rtag\r")
    editor.feed("\x1b[A")
    assert editor.text == "tag"
    editor.feed("\x1bOA\x1b[A")
    assert editor.text == "plug"
    editor.feed("\x1b[B\x1b[B")
    assert editor.text == ""


def test_repeated_line_is_remembered_once(editor: LineEditor):
    editor.feed("tag\rtag\r \r\x1b[A\x1b[A")
    assert editor.text == "tag"


def test_other_sequences_leave_no_trace(editor: LineEditor):
    editor.feed("a\x1b[C\x1b[3~\x1b[1;5D\x1bOHb\x01")
    assert editor.text == "ab"


def test_sequence_may_come_in_pieces(editor: LineEditor):
    editor.feed("plug\r\x1b")
    editor.feed("[")
    editor.feed("A")
    assert editor.text == "plug"


def test_ctrl_d_ends_only_an_empty_line(editor: LineEditor):
    assert editor.feed("x\x04") == []
    assert editor.feed("\x15\x04") == [None]
