"""JSON on standard output: one document, that no encoding and no terminal minds."""

from __future__ import annotations

import json

import pytest

from opensslrun.cli.output import print_document

HOSTILE = {"ä\x1b]0;x\x07": ["\x7f\x9b31m\u202e\u2028", "\udcff", "x" * 500]}


def test_it_says_the_same_in_plain_letters(capsys: pytest.CaptureFixture[str]) -> None:
    print_document(HOSTILE)
    printed = capsys.readouterr().out
    assert json.loads(printed) == HOSTILE
    assert set(printed) - {"\n"} <= set(map(chr, range(0x20, 0x7F)))
