"""The values of a difference that are about pairs: with whose files, on whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from opensslrun.judge.model import Verdict
from opensslrun.report import model as m
from opensslrun.report.compare.parted import UNEXPLAINED
from opensslrun.report.html.columns import Column, numbers_of, slug, who
from opensslrun.report.words import value_in_words


@dataclass(frozen=True, slots=True)
class PairFact:
    """A fact of what one version made and another read: each value with the consumers and the producers."""

    fact: str
    case: str
    slug: str
    rows: tuple[tuple[str, str, str], ...]


def pair_facts_of(result: m.Result, columns: Sequence[Column]) -> dict[str, list[PairFact]]:
    """The facts that differ between pairs, by the entries that explain them."""
    explained = _explained(result.pairs)
    found: dict[str, list[PairFact]] = defaultdict(list)
    for view in result.pair_differences:
        fact = PairFact(
            fact=view.fact.partition("@")[0],
            case=view.case,
            slug=slug(view.case),
            rows=tuple(
                (
                    value_in_words(group.value),
                    who(numbers_of(group.read_by, columns), columns),
                    who(numbers_of(group.made_by, columns), columns),
                )
                for group in view.groups
            ),
        )
        for entry in sorted(explained.get((view.case, view.step, view.fact), {UNEXPLAINED})):
            found[entry].append(fact)
    return found


def _explained(pairs: Iterable[m.PairResult]) -> dict[tuple[str, str, str], set[str]]:
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for pair in pairs:
        for step in pair.steps:
            for finding in step.findings:
                if finding.verdict != Verdict.PASS:
                    known = finding.verdict == Verdict.KNOWN
                    found[pair.case, step.id, finding.fact].add(finding.by if known else UNEXPLAINED)
    return found
