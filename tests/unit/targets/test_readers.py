"""``--readers``: which expression picks whom, and what picks nobody."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opensslrun.errors import UsageError
from opensslrun.targets.load import load_known
from opensslrun.targets.model import Need, PathRoute, Reader, Target
from opensslrun.targets.readers import targets_of_readers


def target(name: str, reader: Reader, *, lts: bool = False, need: Need = Need.INFORMATIONAL) -> Target:
    return Target(name, None, None, "linux", need, reader, (PathRoute(None),), Path("t.toml"), lts=lts)


TARGETS = (
    target("libressl-2.8.3", Reader("old macOS", "macos", "10.15", "12")),
    target("libressl-3.3.6", Reader("new macOS", "macos", "13")),
    target("ubuntu-18.04", Reader("Ubuntu 18.04", "ubuntu", "18.04", "18.04"), lts=True),
    target("ubuntu-19.10", Reader("Ubuntu 19.10", "ubuntu", "19.10", "19.10")),
    target("ubuntu-24.04", Reader("Ubuntu 24.04", "ubuntu", "24.04", "24.04"), lts=True),
    target("ubuntu-16.04", Reader("Ubuntu 16.04", "ubuntu", "16.04", "16.04"), lts=True, need=Need.RETIRED),
    target("debian-sid", Reader("Debian sid", "debian")),
    target("mine", Reader("mine"), lts=True),
    target("open-suse-15", Reader("openSUSE Leap 15", "open-suse", "15.0", "15.6")),
)
PROFILES = {"guide": "macos>=10.15, ubuntu>=18.04", "hopeless": "plan9", "half": "macos, plan9", "torn": "macos,"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("macos", "libressl-2.8.3 libressl-3.3.6"),
        ("macos>=13", "libressl-3.3.6"),
        ("macos>=12", "libressl-2.8.3 libressl-3.3.6"),
        ("macos>12", "libressl-3.3.6"),
        ("macos==11", "libressl-2.8.3"),
        ("macos==26", "libressl-3.3.6"),
        ("macos<13", "libressl-2.8.3"),
        ("macos<=10.15", "libressl-2.8.3"),
        ("macos==10", "libressl-2.8.3"),
        ("macos==12.6", "libressl-2.8.3"),
        ("macos>12.3", "libressl-2.8.3 libressl-3.3.6"),
        ("ubuntu==18.04", "ubuntu-18.04"),
        ("ubuntu==18.04.3", "ubuntu-18.04"),
        ("ubuntu > 18.04", "ubuntu-19.10 ubuntu-24.04"),
        ("ubuntu-lts", "ubuntu-18.04 ubuntu-24.04"),
        ("ubuntu-16.04", "ubuntu-16.04"),
        ("ubuntu-1*", "ubuntu-18.04 ubuntu-19.10 ubuntu-16.04"),
        ("debian", "debian-sid"),
        ("open-suse", "open-suse-15"),
        ("open-suse==15.4", "open-suse-15"),
        ("ubuntu==24.04,macos>=13", "libressl-3.3.6 ubuntu-24.04"),
        ("guide", "libressl-2.8.3 libressl-3.3.6 ubuntu-18.04 ubuntu-19.10 ubuntu-24.04"),
        ("guide,mine", "libressl-2.8.3 libressl-3.3.6 ubuntu-18.04 ubuntu-19.10 ubuntu-24.04 mine"),
    ],
)
def test_an_expression_picks_readers(expression: str, expected: str) -> None:
    assert " ".join(each.id for each in targets_of_readers(expression, TARGETS, PROFILES)) == expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("macos>=27.x", "'macos>=27.x' picks no reader"),
        ("macos<10.15", "'macos<10.15' picks no reader"),
        ("debian>=12", "'debian>=12' picks no reader"),
        ("mine-lts", "'mine-lts' picks no reader"),
        ("hopeless", "profile 'hopeless': 'plan9' picks no reader"),
        ("half", "profile 'half': 'plan9' picks no reader"),
        ("torn", "profile 'torn': 'macos,' has an empty term"),
        ("open-suse>15", "'open-suse>15' picks no reader"),
        ("ubuntu,plan9", "'plan9' picks no reader; there are the systems debian, macos, open-suse, ubuntu ("),
        ("plan9", "releases ubuntu-lts, the profiles guide, hopeless"),
        ("ubuntu,,macos", "has an empty term"),
        ("", "has an empty term"),
    ],
)
def test_a_term_that_picks_nobody_is_refused(expression: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        targets_of_readers(expression, TARGETS, PROFILES)
    assert said in str(raised.value)


Numbers = tuple[int, ...]
NUMBERS: st.SearchStrategy[Numbers] = st.lists(st.integers(1, 5), min_size=1, max_size=2).map(tuple)
COMPARE: dict[str, Callable[[Numbers, Numbers], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "==": operator.eq,
}  # fmt: skip


@given(NUMBERS | st.none(), NUMBERS | st.none(), st.sampled_from(list(COMPARE)), NUMBERS)
def test_a_term_picks_a_reader_when_any_version_the_reader_has_compares_so(
    first: Numbers | None, last: Numbers | None, sign: str, asked: Numbers
) -> None:
    has = [
        version
        for version in itertools.product(range(9), repeat=2)
        if (first is None or version[: len(first)] >= first) and (last is None or version[: len(last)] <= last)
    ]
    assume(has and (first or last))
    fits = any(COMPARE[sign](version[: len(asked)], asked) for version in has)
    dotted = [".".join(map(str, numbers)) if numbers else None for numbers in (first, last, asked)]
    one = (target("one", Reader("someone", "system", dotted[0], dotted[1])), target("two", Reader("other", "other")))
    expression = f"other, system{sign}{dotted[2]}"
    if fits:
        assert len(targets_of_readers(expression, one, {})) == 2
    else:
        with pytest.raises(UsageError):
            targets_of_readers(expression, one, {})


def test_each_shipped_profile_picks_only_readers_with_a_system() -> None:
    known = load_known(folder=Path("/"))
    assert known.profiles
    for name in known.profiles:
        picked = targets_of_readers(name, known.targets, known.profiles)
        assert len(picked) > 3, name
        assert all(each.reader.system for each in picked), name


def test_every_row_of_the_guide_is_required_and_has_a_stand_in_or_runs_itself() -> None:
    rows = [each for each in load_known(folder=Path("/")).targets if each.guide_row]
    assert {(each.reader.system, each.need) for each in rows} == {
        ("ubuntu", Need.REQUIRED),
        ("macos", Need.REQUIRED),
        ("windows", Need.REQUIRED),
    }
