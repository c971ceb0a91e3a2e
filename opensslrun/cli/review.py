"""``opensslrun review``: what the last run found that nothing predicts, shown, then recorded after an explicit yes."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from opensslrun.cases.load import select_cases
from opensslrun.cases.model import Case
from opensslrun.cli.output import err, out
from opensslrun.errors import ExitStatus, UsageError
from opensslrun.facts.model import FactValue
from opensslrun.judge.record import RecordFile, load_record, save_record
from opensslrun.pipeline.plan import Options, all_cases, make_plan
from opensslrun.pipeline.review import ABSENT_VALUE, Surprise, draft, steady, surprises
from opensslrun.pipeline.session import run_plan
from opensslrun.report.model import Result
from opensslrun.report.progress import progress_on
from opensslrun.report.read import read_result
from opensslrun.report.words import counted, value_in_words

REPEATS = 2
"""Runs besides the one under review that must show the same value before it is recorded."""


def run(args: argparse.Namespace) -> ExitStatus:
    """Show what is unpredicted; with ``--accept`` run it again and record what is steady."""
    result = read_result(args.results)
    cases = {case.id: case for case in select_cases(all_cases(args.cases_dir), args.case)}
    records = {name: load_record(case.record_path) or {} for name, case in cases.items()}
    found = [each for each in surprises(result, records) if each.case in cases]
    if not found:
        err().print("nothing to review: everything in the result is predicted")
        return ExitStatus.OK
    console = out()
    for surprise in found:
        _show(surprise, result, console)
    if not args.accept:
        err().print(f"{counted(len(found), 'fact')} to review; --accept records the values of {found[0].reference}")
        return ExitStatus.FOUND
    if not _agreed(args):
        err().print("nothing was recorded")
        return ExitStatus.FOUND
    _record(found, cases, _again(args, found, result))
    return ExitStatus.OK


def _show(surprise: Surprise, result: Result, console: Console) -> None:
    console.print(Text.assemble((f"{surprise.case}, step {surprise.step}: {surprise.fact}", "bold")), soft_wrap=True)
    console.print(f"  {surprise.run}", soft_wrap=True)
    if surprise.is_recorded:
        console.print(f"  recorded: {value_in_words(surprise.recorded)}", soft_wrap=True)
    groups: dict[str, list[str]] = defaultdict(list)
    for target, value in surprise.values.items():
        groups[value_in_words(value)].append(target)
    for words, targets in groups.items():
        console.print(f"  {', '.join(targets)}: {words}", soft_wrap=True)
    if surprise.others:
        console.print("  a draft for the catalogue:")
        for line in draft(surprise, result).splitlines():
            console.print(f"    {line}", soft_wrap=True)
    console.print()


def _agreed(args: argparse.Namespace) -> bool:
    if args.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("--accept needs an explicit yes: answer it on a terminal, or add --yes")
    err().print("Have you understood each value above? Type 'yes' to run again and record them: ", end="")
    return sys.stdin.readline().strip() == "yes"


def _again(args: argparse.Namespace, found: Sequence[Surprise], result: Result) -> list[Result]:
    plan = make_plan(
        Options(
            targets=tuple(target.id for target in result.targets if target.outcome == "ran"),
            cases=tuple(sorted({surprise.case for surprise in found})),
            targets_file=args.targets_file,
            cases_dir=args.cases_dir,
            differences=args.differences,
        )
    )
    repeats = []
    for number in range(REPEATS):
        err().print(f"running again, {number + 1} of {REPEATS}")
        with progress_on(err()) as listener:
            repeats.append(run_plan(plan, listener))
    return repeats


def _record(found: Sequence[Surprise], cases: dict[str, Case], repeats: Sequence[Result]) -> None:
    by_case: dict[str, list[Surprise]] = defaultdict(list)
    for surprise in found:
        if steady(surprise, repeats):
            by_case[surprise.case].append(surprise)
        else:
            err().print(
                f"not recorded: {surprise.case}, step {surprise.step}: {surprise.fact} varies from run to run; write "
                f'a bound such as {{"between": [1, 20]}} into {cases[surprise.case].record_path}',
                soft_wrap=True,
            )
    for name, accepted in by_case.items():
        _save(cases[name], accepted)


def _save(case: Case, accepted: Sequence[Surprise]) -> None:
    steps: dict[str, dict[str, FactValue]] = {step.id: {} for step in case.steps}
    for step, facts in (load_record(case.record_path) or {}).items():
        if step in steps:
            steps[step] = dict(facts)
    for surprise in accepted:
        if surprise.proposal == ABSENT_VALUE:
            steps[surprise.step].pop(surprise.fact, None)
        else:
            steps[surprise.step][surprise.fact] = surprise.proposal
    record = RecordFile(case=case.id, seen_on=[accepted[0].reference], runs=REPEATS + 1, steps=steps)
    save_record(case.record_path, record)
    err().print(f"recorded {counted(len(accepted), 'fact')} in {case.record_path}", soft_wrap=True)
