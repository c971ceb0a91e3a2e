"""This machine's own apt sources, in both formats, turned to another suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensslrun.targets.aptsources import parse_deb822, parse_one_line, read_sources, sources_of_suite

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian http://second.example/debian
# a comment inside
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""


def test_deb822_stanzas_are_read_without_what_is_disabled_or_source_only() -> None:
    first, second = parse_deb822(DEB822)
    assert first.uris == ("http://mirror.example/debian", "http://second.example/debian")
    assert first.suites == ("bookworm", "bookworm-updates", "bookworm-backports")
    assert first.components == ("main", "contrib")
    assert first.options == {"signed-by": "/usr/share/keyrings/debian-archive-keyring.gpg"}
    assert second.options["signed-by"].splitlines()[1:] == [
        " -----BEGIN PGP PUBLIC KEY BLOCK-----",
        " .",
        " abc",
        " -----END PGP PUBLIC KEY BLOCK-----",
    ]


def test_deb822_with_windows_line_ends_is_the_same() -> None:
    assert parse_deb822(DEB822.replace("\n", "\r\n")) == parse_deb822(DEB822)


def test_one_line_sources_are_read_with_their_options() -> None:
    text = """
    # deb http://off.example/debian bookworm main
    deb [arch=amd64,arm64 signed-by=/k1.gpg,/k2.gpg trusted=yes] http://mirror.example/debian bookworm main non-free # x
    deb-src http://mirror.example/debian bookworm main
    deb cdrom:[Debian 12]/ bookworm main
    nonsense
    """
    sources = parse_one_line(text)
    assert sources[0].uris == ("http://mirror.example/debian",)
    assert sources[0].components == ("main", "non-free")
    assert sources[0].options == {"signed-by": "/k1.gpg /k2.gpg", "trusted": "yes"}
    assert all(uri.startswith(("http", "cdrom:")) for source in sources for uri in source.uris)


def test_files_of_other_endings_and_unreadable_ones_are_passed_over(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "debian.sources").write_text(DEB822)
    (parts / "more.list").write_text("deb http://more.example/debian bookworm main\n")
    (parts / "old.list.disabled").write_text("deb http://disabled.example/debian bookworm main\n")
    (parts / "folder.list").mkdir()
    uris = [uri for source in read_sources(tmp_path / "sources.list", parts) for uri in source.uris]
    assert "http://more.example/debian" in uris
    assert "http://disabled.example/debian" not in uris


def test_a_suite_is_replaced_with_its_corrections_and_without_backports() -> None:
    text = sources_of_suite(parse_deb822(DEB822), "bookworm", "trixie")
    assert [line for line in text.splitlines() if line.startswith("Suites:")] == [
        "Suites: trixie trixie-updates",
        "Suites: trixie-security",
    ]
    assert parse_deb822(text)[0].uris == ("http://mirror.example/debian", "http://second.example/debian")
    assert "signed-by: /usr/share/keyrings/debian-archive-keyring.gpg" in text


def test_the_generated_text_reads_back_as_the_same_sources() -> None:
    text = sources_of_suite(parse_deb822(DEB822), "bookworm", "bookworm")
    again = parse_deb822(text)
    assert [source.options for source in again] == [source.options for source in parse_deb822(DEB822)]


@pytest.mark.parametrize(("suite", "expected"), [("sid", "sid"), ("experimental", "experimental sid")])
def test_suites_without_corrections_have_none(suite: str, expected: str) -> None:
    text = sources_of_suite(parse_deb822(DEB822), "bookworm", suite)
    assert [line for line in text.splitlines() if line.startswith("Suites:")] == [f"Suites: {expected}"]


def test_a_source_by_alias_is_turned_too() -> None:
    sources = parse_one_line("deb http://mirror.example/debian stable main\n")
    assert "Suites: bullseye\n" in sources_of_suite(sources, "bookworm", "bullseye")


@pytest.mark.parametrize(
    "line",
    [
        "deb http://other.example/node nodistro main",
        "deb http://other.example/docker bookworm stable",
        "deb http://other.example/pg bookworm-pgdg main",
        "deb cdrom:[x] bookworm main",
    ],
)
def test_sources_of_something_else_give_nothing(line: str) -> None:
    assert sources_of_suite(parse_one_line(f"{line}\n"), "bookworm", "trixie") == ""
