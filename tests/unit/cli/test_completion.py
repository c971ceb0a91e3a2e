"""Completion: what the script makes a shell offer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from opensslrun.cli.main import main


def script(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["completion", shell]) == 0
    path = folder / f"completion.{shell}"
    path.write_text(capsys.readouterr().out)
    return path


@pytest.mark.parametrize(
    ("words", "offered"),
    [(["opensslrun", "tar"], {"targets"}), (["opensslrun", "matrix", "run", "--no-st"], {"--no-stand-ins"})],
)
def test_bash_completes_commands_and_options(
    words: list[str], offered: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = " ".join(f"'{word}'" for word in words)
    ask = (
        f"source {script('bash', tmp_path, capsys)}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; "
        "_shtab_opensslrun; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=False)
    assert set(done.stdout.split()) == offered, done.stderr


def test_zsh_gets_a_script_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("zsh", tmp_path, capsys).read_text().startswith("#compdef opensslrun")
