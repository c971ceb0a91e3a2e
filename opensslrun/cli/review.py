"""``opensslrun review``: what the last run found that nothing predicts, shown, then recorded after an explicit yes."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from opensslrun.atomic import write_text
from opensslrun.cases.load import select_cases
from opensslrun.cases.model import Case
from opensslrun.cli.output import err, out
from opensslrun.errors import ExitStatus, UsageError
from opensslrun.facts.model import FactValue
from opensslrun.judge.match import alike
from opensslrun.judge.record import RecordFile, recorded_for, save_record
from opensslrun.pipeline.causes import Item, draft, grouped
from opensslrun.pipeline.interruption import Interruptions
from opensslrun.pipeline.plan import Options, all_cases, make_plan
from opensslrun.pipeline.review import (
    ABSENT_VALUE,
    Surprise,
    check_same_cases,
    not_reviewable,
    steady,
    surprises,
    unseen,
)
from opensslrun.pipeline.session import run_plan
from opensslrun.pipeline.shown import Block, blocks, everything_shown, targets_of
from opensslrun.report.model import Result
from opensslrun.report.progress import progress_on
from opensslrun.report.read import read_result
from opensslrun.report.words import counted, listed, value_in_words, visible

DRAFTS = Path("opensslrun-drafts.toml")
"""Where drafts for the catalogue are added: no catalogue reads it."""

REPEATS = 2
"""Runs besides the one under review that must show the same value before it is recorded."""


def run(args: argparse.Namespace) -> ExitStatus:
    """Show what is unpredicted; with ``--accept`` run it again and record what is steady."""
    result = read_result(args.results)
    known = all_cases(args.cases_dir)
    check_same_cases(result, known, args.results)
    ran = {case.id for case in result.cases}
    cases = {case.id: case for case in select_cases([case for case in known if case.id in ran], args.case)}
    records = {name: file for name, case in cases.items() if (file := recorded_for(case)) is not None}
    found = [each for each in surprises(result, records) if each.case in cases]
    others = not_reviewable(result)
    for sentence in others:
        err().print(f"not to be reviewed: {visible(sentence)}", soft_wrap=True)
    if not found:
        err().print(_nothing(result, others), soft_wrap=True)
        return ExitStatus.FOUND if others else ExitStatus.OK
    items = grouped(found)
    for number, item in enumerate(items, 1):
        _show(number, item, out())
    if not args.accept or not any(item.to_record or item.to_explain for item in items):
        err().print(_to_do(items), soft_wrap=True)
        return ExitStatus.FOUND
    agreed = _agreed(items, args)
    to_record = [surprise for item in agreed for surprise in item.to_record]
    if not agreed:
        err().print("nothing was recorded and nothing drafted")
        return ExitStatus.FOUND
    _draft(agreed, result)
    all_recorded = not to_record or _record(to_record, cases, records, _again(args, to_record, result))
    explained = len(to_record) == len(found) and not any(surprise.others for surprise in found)
    return ExitStatus.OK if all_recorded and explained and not others else ExitStatus.FOUND


def _nothing(result: Result, others: Sequence[str]) -> str:
    if others:
        return "nothing can be recorded; what is said above must be put right first"
    whole = result.run.complete and all(target.outcome == "ran" for target in result.targets)
    return "nothing to review: everything in the result is predicted" + ("" if whole else "; but not all of it ran")


def _to_do(items: Sequence[Item]) -> str:
    """What is left to a person, in a sentence."""
    to_record = [surprise for item in items for surprise in item.to_record]
    to_explain = [item for item in items if item.to_explain]
    parts = []
    if to_record:
        parts.append(f"--accept records {counted(len(to_record), 'value')}, those of {listed(_references(to_record))}")
    if to_explain:
        parts.append(
            f"{counted(len(to_explain), 'item')} with another value on some targets: find out why; --accept drafts an "
            "entry of the catalogue for each"
        )
    if not parts:
        parts.append("none of them can be recorded, for the reasons above")
    return f"{counted(len(items), 'item')} to review. " + "; ".join(parts)


def _references(surprises: Sequence[Surprise]) -> list[str]:
    return list(dict.fromkeys(targets_of(surprise.reference)[0] for surprise in surprises))


def _showed(surprise: Surprise, target: str) -> bool:
    """Whether a target showed the value that is recorded."""
    return alike(surprise.values.get(target), surprise.proposal)


def _show(number: int, item: Item, console: Console) -> None:
    """One item: its steps, then each fact with what each target shows; facts alike in several cases stand once."""
    console.print(Text(f"{number}. {visible(_places(item))}", style="bold"), soft_wrap=True)
    for run in dict.fromkeys(surprise.run for surprise in item.surprises):
        console.print(f"   {run}", soft_wrap=True)
    shown: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for surprise in item.surprises:
        key = (surprise.fact, tuple(_lines(surprise)))
        shown.setdefault(key, []).append(f"{surprise.case}, step {surprise.step}")
    for (fact, lines), places in shown.items():
        of = "" if len(places) == len(item.steps) else f" ({'; '.join(places)})"
        console.print(f"   {visible(fact)}{of}", soft_wrap=True)
        for line in lines:
            console.print(f"     {line}", soft_wrap=True)
    console.print()


def _places(item: Item) -> str:
    return "; ".join(f"{case}, step {step}" for case, step in item.steps)


def _lines(surprise: Surprise) -> Iterator[str]:
    if surprise.is_recorded:
        yield f"recorded: {value_in_words(surprise.recorded)}"
    groups: dict[str, list[str]] = defaultdict(list)
    for target, value in surprise.values.items():
        groups[value_in_words(value)].append(target)
    for words, names in groups.items():
        for block in blocks(names):
            yield f"{_who(block, surprise)}: {words}"
    if surprise.refusal:
        yield f"cannot be recorded: {visible(surprise.refusal)}"


def _who(block: Block, surprise: Surprise) -> str:
    who = ", ".join(block.consumers)
    if not block.producers:
        return who
    producers = {targets_of(name)[1] for name in surprise.values}
    return f"{who} with the files of {'all' if len(block.producers) == len(producers) else ', '.join(block.producers)}"


def _agreed(items: Sequence[Item], args: argparse.Namespace) -> list[Item]:
    """The items that a person said yes to, one by one."""
    asked = [(number, item) for number, item in enumerate(items, 1) if item.to_record or item.to_explain]
    if args.yes:
        return [item for _, item in asked]
    if not sys.stdin.isatty():
        raise UsageError("--accept needs an explicit yes: answer it on a terminal, or add --yes")
    agreed = []
    for number, item in asked:
        err().print(f"{number}. Have you understood it? Type 'yes' to {_deeds(item)}: ", end="")
        if sys.stdin.readline().strip() == "yes":
            agreed.append(item)
    return agreed


def _deeds(item: Item) -> str:
    deeds = [f"run it again and record {counted(len(item.to_record), 'value')}"] if item.to_record else []
    return " and ".join([*deeds, "draft an entry of the catalogue"] if item.to_explain else deeds)


def _draft(items: Sequence[Item], result: Result) -> None:
    """Add drafts to a file of their own, for a person to complete and to move into a catalogue."""
    drafts = [draft(item, result) for item in items if item.to_explain]
    if not drafts:
        return
    before = DRAFTS.read_text(encoding="utf-8") + "\n" if DRAFTS.exists() else ""
    write_text(DRAFTS, before + "\n\n".join(drafts) + "\n")
    err().print(f"drafted {counted(len(drafts), 'entry').replace('entrys', 'entries')} in {DRAFTS}", soft_wrap=True)


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
        with Interruptions() as interruptions, progress_on(err()) as listener:
            repeat = run_plan(plan, listener, interruptions).result
        if not repeat.run.complete:
            raise KeyboardInterrupt
        repeats.append(repeat)
    return repeats


def _record(
    found: Sequence[Surprise], cases: Mapping[str, Case], records: Mapping[str, RecordFile], repeats: Sequence[Result]
) -> bool:
    """Record what every target showed again in every repeated run; say of the rest why not. Whether it was all."""
    by_case: dict[str, list[Surprise]] = defaultdict(list)
    shown = everything_shown(repeats)
    for surprise in found:
        gone = unseen(surprise, repeats)
        if not gone and steady(surprise, shown):
            by_case[surprise.case].append(surprise)
            continue
        reason = (
            f"{listed(gone)} did not run again to the end; make it run, then accept"
            if gone
            else f'it varies from run to run; write a bound such as {{"between": [1, 20]}} into '
            f"{cases[surprise.case].record_path}"
        )
        err().print(
            f"not recorded: {surprise.case}, step {surprise.step}: {visible(surprise.fact)}: {reason}", soft_wrap=True
        )
    for name, accepted in by_case.items():
        _save(cases[name], accepted, records.get(name))
    return sum(len(accepted) for accepted in by_case.values()) == len(found)


def _seen_on(accepted: Sequence[Surprise]) -> list[str]:
    """The targets that showed all these values; where all are of pairs, the consumers that did so with some files."""
    alike_kind = [each for each in accepted if not each.is_of_pairs] or accepted
    names = [name for name in alike_kind[0].values if all(_showed(each, name) for each in alike_kind)]
    return list(dict.fromkeys(targets_of(name)[0] for name in names))


def _save(case: Case, accepted: Sequence[Surprise], old: RecordFile | None) -> None:
    steps: dict[str, dict[str, FactValue]] = {step.id: {} for step in case.all_steps}
    if old is not None:
        steps |= {step: dict(facts) for step, facts in old.steps.items()}
    seen_on = _seen_on(accepted)
    if old is not None and any(steps.values()):
        seen_on = [name for name in old.seen_on if name in seen_on] or old.seen_on
    for surprise in accepted:
        if surprise.proposal == ABSENT_VALUE:
            steps[surprise.step].pop(surprise.fact, None)
        else:
            steps[surprise.step][surprise.fact] = surprise.proposal
    save_record(case.record_path, RecordFile(case=case.id, seen_on=seen_on, runs=REPEATS + 1, steps=steps))
    err().print(f"recorded {counted(len(accepted), 'fact')} in {case.record_path}", soft_wrap=True)
