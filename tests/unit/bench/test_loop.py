from __future__ import annotations

import pytest

from opensslrun.bench.loop import step_script
from opensslrun.driver.outcome import Input


def test_a_plain_step_on_the_terminal_is_the_one_program_in_a_subshell() -> None:
    assert step_script("openssl version -a", Input.TERMINAL) == b'(openssl version -a) <&3 3<&- >"$s.out" 2>"$s.err"\n'


@pytest.mark.parametrize(
    ("line", "how", "script"),
    [
        ("openssl version | cat", Input.TERMINAL, b"openssl version | cat\n"),
        ("openssl version)", Input.TERMINAL, b"openssl version)\n"),
        ("openssl version", Input.LINES, b"exec openssl version\n"),
        ("openssl version", Input.NONE, b"exec openssl version\n"),
    ],
)
def test_any_other_step_is_a_script_for_a_shell_of_its_own(line: str, how: Input, script: bytes) -> None:
    assert step_script(line, how) == script
