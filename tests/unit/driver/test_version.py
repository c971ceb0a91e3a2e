from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensslrun.driver.version import Implementation, Version, VersionSet, parse_version_line
from opensslrun.errors import UsageError

OPENSSL, LIBRESSL = Implementation.OPENSSL, Implementation.LIBRESSL


def of(text: str) -> Version:
    return Version.parse(OPENSSL, text)


def test_a_letter_is_a_patch_release_after_its_number() -> None:
    rising = [
        "0.9.8",
        "0.9.8y",
        "0.9.8z",
        "0.9.8za",
        "0.9.8zh",
        "1.0.2",
        "1.0.2a",
        "1.1.0-alpha1",
        "1.1.0-pre2",
        "1.1.0",
        "1.1.1-alpha2",
        "1.1.1-beta1",
        "1.1.1-pre9",
        "1.1.1",
        "1.1.1a",
        "1.1.1g",
        "1.1.1w",
        "1.1.1za",
        "1.1.1zb",
        "3.0.0-alpha17",
        "3.0.0-beta2",
        "3.0.0",
        "3.0.2",
        "3.0.10",
        "3.5.4",
        "4.0.0",
    ]
    for lower, higher in pairwise(map(of, rising)):
        assert lower < higher, (lower, higher)
        assert not higher < lower


@pytest.mark.parametrize("build", ["1.0.2k-fips", "1.1.1h-freebsd", "3.5.4+quic"])
def test_a_build_is_its_release(build: str) -> None:
    version = of(build)
    assert version.order == of(version.number).order
    assert str(version) == f"OpenSSL {build}"


numbers = st.builds(
    lambda release, letters: ".".join(map(str, release)) + letters,
    st.lists(st.integers(0, 40), min_size=3, max_size=3),
    st.sampled_from(["", *"abgwz", "za", "zb", "-alpha1", "-beta2", "-pre3", "-dev", "-fips", "+quic"]),
)


@given(numbers, numbers, numbers)
def test_the_order_is_total(first: str, second: str, third: str) -> None:
    a, b, c = of(first), of(second), of(third)
    assert (a < b) + (b < a) + (a == b) == 1
    assert (a < b) == (b > a) == (not a >= b) == (not b <= a)
    if a < b and b < c:
        assert a < c
    if a.order != b.order:
        assert (a < b) == (a.order < b.order)


@given(numbers)
def test_a_version_is_read_back_from_what_it_shows(text: str) -> None:
    version = of(text)
    assert of(str(version).removeprefix("OpenSSL ")) == version


def test_two_projects_have_no_common_order() -> None:
    with pytest.raises(TypeError, match="two projects"):
        _ = of("3.0.2") < Version.parse(LIBRESSL, "3.0.2")


@pytest.mark.parametrize(
    ("line", "version", "library", "date"),
    [
        ("OpenSSL 1.1.1g  21 Apr 2020\n", "OpenSSL 1.1.1g", None, "21 Apr 2020"),
        ("OpenSSL 1.1.1g  21 Apr 2020\r\n", "OpenSSL 1.1.1g", None, "21 Apr 2020"),
        (
            "OpenSSL 3.0.20 7 Apr 2026 (Library: OpenSSL 3.0.20 7 Apr 2026)\n",
            "OpenSSL 3.0.20",
            "OpenSSL 3.0.20",
            "7 Apr 2026",
        ),
        ("LibreSSL 3.0.2\n", "LibreSSL 3.0.2", None, None),
        ("OpenSSL 1.0.2k-fips  26 Jan 2017\n", "OpenSSL 1.0.2k-fips", None, "26 Jan 2017"),
        ("OpenSSL 3.5.4+quic 30 Sep 2025\n", "OpenSSL 3.5.4+quic", None, "30 Sep 2025"),
    ],
)
def test_every_form_of_the_version_line_is_read(line: str, version: str, library: str | None, date: str | None) -> None:
    read = parse_version_line(line)
    assert str(read.version) == version
    assert (str(read.library) if read.library else None) == library
    assert read.date == date


@pytest.mark.parametrize("line", ["", "\n", "BoringSSL 1", "OpenSSL", "OpenSSL 3.0.2\nmore\n", "OpenSSL one"])
def test_anything_else_is_no_version_line(line: str) -> None:
    with pytest.raises(ValueError, match="not the version line"):
        parse_version_line(line)


def test_the_release_line_of_both_projects() -> None:
    assert [of(text).line for text in ("1.1.1g", "1.0.2k-fips", "3.0.2", "4.0.3")] == ["1.1.1", "1.0.2", "3.0", "4.0"]
    assert Version.parse(LIBRESSL, "3.0.2").line == "3.0"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("OpenSSL", ["1.1.1", "4.0.3"], []),
        ("OpenSSL 1.1.1g", ["1.1.1g"], ["1.1.1", "1.1.1h"]),
        ("OpenSSL >= 1.1.1, < 3.0", ["1.1.1", "1.1.1w", "3.0.0-beta1"], ["3.0.0", "1.1.0l"]),
        ("OpenSSL 3.0.*", ["3.0.2", "3.0.20"], ["3.1.0", "1.1.1"]),
        ("OpenSSL 1.1.1.*", ["1.1.1", "1.1.1g", "1.1.1za"], ["1.1.0", "3.0.0"]),
        ("OpenSSL != 3.0.2", ["3.0.3"], ["3.0.2"]),
        ("OpenSSL > 3", ["3.0.1"], ["3.0.0"]),
    ],
)
def test_sets_of_versions(text: str, inside: list[str], outside: list[str]) -> None:
    versions = VersionSet.parse(text)
    assert [number for number in inside if of(number) not in versions] == []
    assert [number for number in outside if of(number) in versions] == []
    assert Version.parse(LIBRESSL, "3.0.2") not in versions


@pytest.mark.parametrize("text", ["", "3.0", "BoringSSL < 3", "OpenSSL < x", "OpenSSL =< 3.0", "OpenSSL < 3.0.*"])
def test_what_is_no_set_of_versions_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="no set of versions"):
        VersionSet.parse(text)
