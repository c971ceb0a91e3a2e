"""Every mistake in a TOML file is one sentence that says where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.errors import UsageError
from opensslrun.tomlfile import read_toml


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = 1\nb = = 2\n", "line 2, column 5"),
        (b'title = "x"\n[[step]]\nrun = "openssl', r"line 3, column 15, the end of the file"),
        (b"a = [\n  1,\n", r"line 3, column 1, the end of the file"),
        (b"\xef\xbb\xbfa = 1\n", r"byte order mark \(line 1, column 1\)"),
        (b'a = 1\nb = "\xff"\n', r"not UTF-8 \(at line 2, column 6\)"),
        (b"a = " + b"[" * 50_000, "nested too deeply"),
        (b"a = " + b"9" * 5_000, "too long"),
        (b"a = 1\na = 2\n", "line 2, column"),
        (b"a = 2020-13-01\n", "line 1, column"),
    ],
)
def test_a_mistake_is_placed(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "case.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        read_toml(path)
    assert "case.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_lines_that_end_as_on_windows_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_bytes(b'a = 1\r\nb = "x"\r\n')
    assert read_toml(path) == {"a": 1, "b": "x"}


@pytest.mark.parametrize("name", [".", "gone.toml", "a\0b"])
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_toml(Path(f"{tmp_path}/{name}"))
