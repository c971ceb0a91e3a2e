"""What is proposed for a name that there is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opensslrun.errors import UsageError
from opensslrun.pipeline.plan import all_cases, catalogue_of
from opensslrun.selection import select
from opensslrun.suggestion import begins, nearest, suggestion
from opensslrun.targets.load import load_known, select_targets
from opensslrun.targets.readers import targets_of_readers

KNOWN = load_known(folder=Path("/"))
LIBRESSL = ("libressl-2.8.3", "libressl-3.0.2", "libressl-3.1.0", "libressl-3.10.4")


@pytest.mark.parametrize(
    ("typed", "names", "meant"),
    [
        ("libressl-3.0", LIBRESSL, ("libressl-3.0.2",)),  # and not 3.1.0, which is as much alike
        ("libressl-3.1", LIBRESSL, ("libressl-3.1.0",)),  # and not 3.10.4: a number is not cut in two
        ("LibreSSL-3.0*", LIBRESSL, ("libressl-3.0.2",)),
        ("libressl-3.", LIBRESSL, LIBRESSL[1:]),
        ("debain-12", ("host", "debian-12", "debian-13"), ("debian-12",)),
        ("d002", ("D001", "D002"), ("D002",)),
        ("UBU", ("UBX", "Ubuntu-18.04"), ("Ubuntu-18.04",)),
        ("d3", ("D001", "D003", "D013", "D030"), ("D003",)),
        ("D999", ("D001", "D009", "D099"), ()),
        ("openssl-3.1.5", ("openssl-1.1.1", "openssl-3.5.1", "openssl-3.1.4"), ("openssl-3.1.4",)),
        ("abc1", ("xabc", "abcx", "abcy"), ("abcx",)),
        ("plan9", ("linux", "macos"), ()),
        ("", ("linux", "macos"), ()),
        ("*", ("linux", "macos"), ()),
        ("linux", (), ()),
    ],
)
def test_a_name_that_begins_so_comes_before_one_that_is_only_alike(
    typed: str, names: tuple[str, ...], meant: tuple[str, ...]
) -> None:
    assert nearest(typed, names) == meant


@pytest.mark.parametrize(
    ("typed", "names", "says"),
    [
        ("aa", ["aab"], "did you mean 'aab'?"),
        ("aa", ["aab", "aac"], "did you mean 'aab' or 'aac'?"),
        ("aa", ["aab", "aac", "aad"], "did you mean 'aab', 'aac' or 'aad'?"),
        ("aa", ["aab", "aac", "aad", "aae"], "did you mean 'aab', 'aac', 'aad' or another that begins so?"),
        ("zz", ["aab", "aac"], "there are: aab, aac"),
        ("zz", [], "there are: none"),
        ("zz", [f"a{number}" for number in range(41)], "a39 and 1 more"),
        ("zz", [f"a{number}" for number in range(40)], "a39"),
        ("aa", ["aa\x1b[31m\u202e"], r"did you mean 'aa\x1b[31m\u202e'?"),
        ("zz", ["aa\x1b[31m\u202e", "b"], r"there are: 'aa\x1b[31m\u202e', b"),
    ],
)
def test_the_end_of_the_sentence(typed: str, names: list[str], says: str) -> None:
    assert suggestion(typed, names).endswith(says)


def test_a_number_is_not_cut_in_two() -> None:
    assert begins("openssl-3.1.4", "openssl-3.1")
    assert not begins("openssl-3.10.4", "openssl-3.1")
    assert not begins("openssl-3.1.4", "")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (lambda: select_targets(KNOWN.targets, ["libressl-3.0"]), "did you mean 'libressl-3.0.2'?"),
        (lambda: select(all_cases(None), ["root-ca-fals"], "case", lambda case: case.id), "mean 'root-ca-false'?"),
        (lambda: catalogue_of(None).entry("D3"), "did you mean 'D003'?"),
        (lambda: targets_of_readers("debain-12", KNOWN.targets, {}), "did you mean 'debian-12'?"),
        (lambda: targets_of_readers("macoss>=13", KNOWN.targets, {}), "did you mean 'macos>=13'?"),
        (lambda: targets_of_readers("ubunt-lts", KNOWN.targets, {}), "did you mean 'ubuntu-lts'?"),
        (lambda: targets_of_readers("ours", KNOWN.targets, {"ours-all": "guide"}), "did you mean 'ours-all'?"),
        (lambda: targets_of_readers("macos<1", KNOWN.targets, {}), "there are the systems alpine, "),
    ],
)
def test_targets_cases_differences_and_readers_are_proposed_alike(asked: Callable[[], object], says: str) -> None:
    with pytest.raises(UsageError) as raised:
        asked()
    assert says in str(raised.value)
