"""Values in words, and JSON that a terminal can be shown."""

from __future__ import annotations

import json

from opensslrun.report.words import visible_json


def test_a_shown_document_says_the_same_and_holds_nothing_that_a_terminal_obeys() -> None:
    said = {
        "a\x9b31m": ["\x1b[2J", "\x7f", "\u202eevil", "\u200b", "\ufeff", "\u2028", "\U000e0001", "caf\u00e9 \u4e2d"]
    }
    document = json.dumps(said, ensure_ascii=False, indent=1)
    shown = visible_json(document)
    assert json.loads(shown) == said
    assert shown.replace("\n", "").isprintable()
    assert "caf\u00e9 \u4e2d" in shown
